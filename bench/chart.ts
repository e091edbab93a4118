import type { BenchReport } from './support/types.ts';

const WIDTH = 760;
const LABEL = 300;
const BAR = 20;
const STEP = 30;
const TITLE = 34;
const ROOM = WIDTH - LABEL - 80;

/** One bar of the chart; `of` marks the reference that it is to be read against. */
type Bar = { readonly label: string; readonly value: number; readonly reference?: boolean };
type Group = { readonly title: string; readonly unit: string; readonly bars: readonly Bar[] };

/** The chart of docs/performance.md: what the report says of speed, each beside its reference. */
export function drawChart({ results }: BenchReport): string {
  const groups = [
    group(results, 'validate', 'MB/s', 'Judging records, MB per second of CPU time', ['validate']),
    group(results, 'pipeline', 'seconds', 'The whole job without latency, seconds', ['pipeline']),
    latencyGroup(results),
    group(results, 'instances', 'seconds', 'A slow connector and several instances, seconds', []),
    group(results, 'cold', 'ms', 'Start of a process, ms', ['the app, bundled']),
  ].filter(({ bars }) => bars.length > 0);
  let y = 8;
  const parts = groups.map((each) => {
    const drawn = drawGroup(each, y);
    y += TITLE + each.bars.length * STEP + 14;
    return drawn;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${String(WIDTH)} ${String(y)}" role="img" aria-label="${escaped(words(groups))}" font-family="system-ui, sans-serif" font-size="13">
<style>text{fill:#1f2933}.title{font-weight:600}.ours{fill:#0b6e4f}.reference{fill:#9aa5b1}@media(prefers-color-scheme:dark){text{fill:#e4e7eb}.ours{fill:#3ebd93}.reference{fill:#616e7c}}</style>
${parts.join('\n')}
</svg>
`;
}

function group(
  results: BenchReport['results'],
  name: string,
  unit: string,
  title: string,
  ours: readonly string[],
): Group {
  const rows = results.find((result) => result.name === name)?.rows ?? [];
  const bars = rows.flatMap(({ what, figures }): Bar[] => {
    const value = figures[unit];
    return value === undefined
      ? []
      : [{ label: what, value, reference: ours.length > 0 && !ours.includes(what) }];
  });
  return { title, unit, bars };
}

function latencyGroup(results: BenchReport['results']): Group {
  const rows = results.find(({ name }) => name === 'latency')?.rows ?? [];
  const bars = rows.flatMap(({ what, figures }): Bar[] => [
    { label: what, value: figures['pipeline, s'] ?? 0 },
    { label: 'one after another', value: figures['one after another, s'] ?? 0, reference: true },
  ]);
  return { title: 'A connector that takes its time, seconds', unit: 's', bars };
}

function drawGroup({ title, bars }: Group, top: number): string {
  const most = Math.max(...bars.map(({ value }) => value));
  const drawn = bars.map(({ label, value, reference }, i) => {
    const y = top + TITLE + i * STEP;
    const width = Math.max(2, (value / most) * ROOM);
    const middle = y + BAR - 5;
    return `<text x="${String(LABEL - 10)}" y="${String(middle)}" text-anchor="end">${escaped(label)}</text><rect class="${reference ? 'reference' : 'ours'}" x="${String(LABEL)}" y="${String(y)}" width="${width.toFixed(1)}" height="${String(BAR)}" rx="3"/><text x="${(LABEL + width + 8).toFixed(1)}" y="${String(middle)}">${value.toLocaleString('en-US')}</text>`;
  });
  return `<text class="title" x="0" y="${String(top + 18)}">${escaped(title)}</text>\n${drawn.join('\n')}`;
}

/** The same figures for those who cannot see them. */
const words = (groups: readonly Group[]): string =>
  groups
    .map(
      ({ title, bars }) =>
        `${title}: ${bars.map(({ label, value }) => `${label} ${String(value)}`).join(', ')}`,
    )
    .join('. ');

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
