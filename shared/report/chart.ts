import { html, type Html } from './html.ts';
import type { DaySummary } from './summaries.ts';
import { CHUNK_LETTERS } from './types.ts';

const BAR = 18;
const GAP = 6;
const HEIGHT = 120;
const BASE = 12;

/**
 * Bars of the records of the last days, the refused and failed share on top, and a hollow mark where no export arrived.
 * Drawn as SVG on the server; the same figures stand in a table beside it for those who cannot see it.
 */
export function daysChart(days: readonly DaySummary[]): Html {
  const most = Math.max(1, ...days.map(({ records }) => records));
  const width = days.length * (BAR + GAP) + GAP;
  const scale = (records: number): number => (records === 0 ? 0 : Math.max(2, (records / most) * HEIGHT));
  const bars = days.map((day, index) => {
    const x = GAP + index * (BAR + GAP);
    const floor = BASE + HEIGHT;
    if (day.missing) {
      return html`<g class="gap"
        ><title>${day.day}: no export arrived</title
        ><rect x="${x}" y="${floor - 22}" width="${BAR}" height="22" rx="3" /><text
          x="${x + BAR / 2}"
          y="${floor - 7}"
          text-anchor="middle"
          >!</text
        ></g
      >`;
    }
    const all = scale(day.records);
    const bad =
      day.records === 0
        ? 0
        : Math.min(
            all,
            Math.max(
              day.quarantined + day.failed > 0 ? 2 : 0,
              all * ((day.quarantined + day.failed) / day.records),
            ),
          );
    return html`<g
      ><title>
        ${day.day}: ${day.records.toLocaleString('en-US')} records, ${day.accepted.toLocaleString('en-US')}
        accepted, ${(day.quarantined + day.failed).toLocaleString('en-US')} refused or failed</title
      ><rect
        class="good"
        x="${x}"
        y="${floor - all + bad}"
        width="${BAR}"
        height="${Math.max(0, all - bad)}" /><rect
        class="bad"
        x="${x}"
        y="${floor - all}"
        width="${BAR}"
        height="${bad}"
    /></g>`;
  });
  const labels = days.map((day, index) =>
    index % 5 === days.length % 5 || index === days.length - 1
      ? html`<text x="${GAP + index * (BAR + GAP) + BAR / 2}" y="${BASE + HEIGHT + 16}" text-anchor="middle"
          >${day.day.slice(5)}</text
        >`
      : html``,
  );
  const total = days.reduce((sum, { records }) => sum + records, 0);
  const gaps = days.filter(({ missing }) => missing).length;
  const words = `Records of the last ${String(days.length)} days: ${total.toLocaleString('en-US')} in all; ${gaps === 0 ? 'an export arrived every day' : `no export on ${String(gaps)} of the days`}.`;
  return html`<svg class="days" width="${width}" height="${BASE + HEIGHT + 22}" viewBox="0 0 ${width} ${BASE + HEIGHT + 22}" role="img" aria-label="${words}">
    <line x1="0" x2="${width}" y1="${BASE + HEIGHT}" y2="${BASE + HEIGHT}" />
    ${bars}${labels}
  </svg>`;
}

const STRIP_WORDS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(CHUNK_LETTERS).map(([state, letter]) => [letter, state]),
);

/** Neighbouring chunks of one state share a cell when there are more chunks than this. */
const MOST_CELLS = 120;

/** Each chunk of an export as a cell, coloured by state; words beside it say the same. */
export function chunkStrip(strip: string): Html {
  if (strip === '') return html``;
  const per = Math.ceil(strip.length / MOST_CELLS);
  const cells = Array.from({ length: Math.ceil(strip.length / per) }, (_, index) =>
    worst(strip.slice(index * per, (index + 1) * per)),
  );
  const count = (letter: string): number => strip.split(letter).length - 1;
  const words = Object.entries(STRIP_WORDS)
    .filter(([letter]) => count(letter) > 0)
    .map(([letter, state]) => `${String(count(letter))} ${state}`)
    .join(', ');
  const rects = cells.map(
    (letter, index) => html`<rect class="c-${letter}" x="${index * 8}" y="0" width="7" height="14" />`,
  );
  return html`<svg
      class="strip" width="${cells.length * 8}" height="14"
      viewBox="0 0 ${cells.length * 8} 14"
     
      role="img"
      aria-label="Chunks: ${words}"
    >
      ${rects}
    </svg>
    <p class="note">Chunks: ${words}</p>`;
}

const BY_URGENCY = ['f', 'h', 'w', 'p', 'n', 'd'];

/** What a cell of several chunks shows: the state that needs attention most. */
const worst = (letters: string): string => BY_URGENCY.find((letter) => letters.includes(letter)) ?? 'n';
