import { html, type Html } from './html.ts';
import type { DaySummary } from './summaries.ts';
import { CHUNK_LETTERS } from './types.ts';
import { missingRemark, number } from './words.ts';

const BAR = 22;
const GAP = 8;
const STEP = BAR + GAP;
const HEIGHT = 120;
const FLOOR = HEIGHT + 12;
/** Every so many days the axis is labelled, counted from the newest. */
const LABEL_EVERY = 5;

/** One day of the chart; without figures for a day of which none are kept. */
export type ChartDay = { readonly day: string; readonly summary?: DaySummary };

/**
 * Bars of the records of the last days: accepted, on top of it what was quarantined or failed and what is still to do, and a hollow
 * mark where no export arrived that could be sent.
 * Drawn as SVG on the server; the same figures stand in a table beside it for those who cannot see it.
 */
export function daysChart(days: readonly ChartDay[]): Html {
  const most = Math.max(1, ...days.map(({ summary }) => summary?.records ?? 0));
  const width = days.length * STEP + GAP;
  const bars = days.map(({ summary }, index) => summary && dayBar(summary, GAP + index * STEP, most));
  const labels = days.map(({ day }, index) =>
    (days.length - 1 - index) % LABEL_EVERY === 0
      ? html`<text x="${GAP + index * STEP + BAR / 2}" y="${FLOOR + 16}" text-anchor="middle">${day.slice(5)}</text>`
      : html``,
  );
  return html`<svg class="days" viewBox="0 0 ${width} ${FLOOR + 22}" role="img" aria-label="${words(days)}">
    <line x1="0" x2="${width}" y1="${FLOOR}" y2="${FLOOR}" />
    ${bars.filter((bar) => bar !== undefined)}${labels}
  </svg>`;
}

function dayBar(summary: DaySummary, x: number, most: number): Html {
  const { day, records, accepted, quarantined, failed, missing, exports } = summary;
  if (missing) {
    return html`<g class="gap"><title>${day}: ${missingRemark(exports)}</title><rect x="${x}" y="${FLOOR - 22}" width="${BAR}" height="22" rx="3" /><text x="${x + BAR / 2}" y="${FLOOR - 7}" text-anchor="middle">!</text></g>`;
  }
  const height = (count: number): number =>
    count === 0 ? 0 : Math.max(2, (count / Math.max(1, most)) * HEIGHT);
  const lost = quarantined + failed;
  const parts = [
    { name: 'good', height: height(accepted) },
    { name: 'bad', height: height(lost) },
    { name: 'todo', height: height(Math.max(0, records - accepted - lost)) },
  ];
  const told = `${day}: ${number(records)} records, ${number(accepted)} accepted, ${number(lost)} quarantined or failed`;
  let y = FLOOR;
  const rects = parts.map((part) => {
    y -= part.height;
    return html`<rect class="${part.name}" x="${x}" y="${y}" width="${BAR}" height="${part.height}" />`;
  });
  return html`<g><title>${told}</title>${rects}</g>`;
}

function words(days: readonly ChartDay[]): string {
  const known = days.flatMap(({ summary }) => summary ?? []);
  const total = known.reduce((sum, { records }) => sum + records, 0);
  const gaps = known.filter(({ missing }) => missing).length;
  const gapWords = gaps === 0 ? 'no day without its export' : `no export on ${String(gaps)} of the days`;
  return `Records of the last ${String(days.length)} days: ${number(total)} in all; ${gapWords}.`;
}

/** What became of some records, in the order of the bar. */
export type Progress = {
  readonly records: number;
  readonly accepted: number;
  readonly quarantined: number;
  readonly failed: number;
  readonly toDo: number;
};

const PROGRESS_WIDTH = 1_000;

/** One bar over all records: accepted, quarantined and failed, still to do. Nothing when there are none. */
export function progressBar({ records, accepted, quarantined, failed, toDo }: Progress): Html {
  if (records === 0) return html``;
  const lost = quarantined + failed;
  const share = (count: number): number => (count / records) * PROGRESS_WIDTH;
  const percent = Math.floor((accepted / records) * 100);
  const told = `${number(accepted)} of ${number(records)} records accepted (${String(percent)} %), ${number(lost)} quarantined or failed, ${number(toDo)} still to do`;
  return html`<svg class="progress" viewBox="0 0 ${PROGRESS_WIDTH} 14" preserveAspectRatio="none" role="img" aria-label="${told}">
      <rect class="todo" width="${PROGRESS_WIDTH}" height="14" /><rect class="good" width="${share(accepted)}" height="14" /><rect class="bad" x="${share(accepted)}" width="${share(lost)}" height="14" />
    </svg>
    <p class="note">${told}</p>`;
}

/** States in the order in which a strip's words tell them. */
const TOLD_STATES = ['delivered', 'pushing', 'pending', 'waiting', 'held', 'failed'] as const;

/** Neighbouring chunks share a cell when there are more chunks than this. */
const MOST_CELLS = 120;

/** Each chunk of an export as a cell, coloured by state; words beside it say the same. */
export function chunkStrip(strip: string): Html {
  if (strip === '') return html``;
  const per = Math.ceil(strip.length / MOST_CELLS);
  const cells = Array.from({ length: Math.ceil(strip.length / per) }, (_, index) =>
    worst(strip.slice(index * per, (index + 1) * per)),
  );
  const count = (letter: string): number => strip.split(letter).length - 1;
  const told = TOLD_STATES.map((state) => ({ state, chunks: count(CHUNK_LETTERS[state]) }))
    .filter(({ chunks }) => chunks > 0)
    .map(({ state, chunks }) => `${number(chunks)} ${state}`)
    .join(', ');
  const rects = cells.map(
    (letter, index) => html`<rect class="c-${letter}" x="${index * 8}" width="7" height="12" />`,
  );
  return html`<svg class="strip" width="${cells.length * 8}" height="12" viewBox="0 0 ${cells.length * 8} 12" aria-hidden="true">${rects}</svg><p class="note">Chunks: ${told}</p>`;
}

const BY_URGENCY = ['f', 'h', 'w', 'p', 'n', 'd'];

/** What a cell of several chunks shows: the state that needs attention most. */
const worst = (letters: string): string => BY_URGENCY.find((letter) => letters.includes(letter)) ?? 'n';
