import { createHash } from 'node:crypto';
import { chunkStrip, daysChart } from './chart.ts';
import { html, type Html } from './html.ts';
import { STYLE } from './style.ts';
import type { DaySummary } from './summaries.ts';
import type { Attention, ConnectorStatus, DayStatus, ExportStatus } from './types.ts';

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');
const STYLE_ELEMENT: Html = { markup: `<style>${STYLE}</style>` };

/** Nothing is loaded, run or sent from the page; only its own style sheet applies. */
export const CONTENT_SECURITY_POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'`;

export type PageContent = {
  /** The day the page is about first; an earlier one may follow. */
  readonly days: readonly DayStatus[];
  /** For each connector by name, its last days, oldest first. */
  readonly history: Readonly<Record<string, readonly DaySummary[]>>;
  /** Seconds after which a live page asks to be loaded again. */
  readonly refreshSeconds?: number;
};

/** The status as one self-contained page: no script, nothing external, light and dark, for phone, screen and A4. */
export function statusPage({ days, history, refreshSeconds }: PageContent): string {
  const [first] = days;
  const attention = days
    .flatMap((status) => status.attention.map((item) => ({ day: status.day, item })))
    .toSorted((a, b) => Number(b.item.level === 'alert') - Number(a.item.level === 'alert'));
  const title = `EHR exports to Purview, ${first?.day ?? 'no day'}`;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <meta http-equiv="Content-Security-Policy" content="${CONTENT_SECURITY_POLICY}" />
        ${refreshSeconds !== undefined && html`<meta http-equiv="refresh" content="${refreshSeconds}" />`}
        <title>${title}</title>
        ${STYLE_ELEMENT}
      </head>
      <body>
        <header>
          <h1>${title}</h1>
          <p>
            As of ${first?.writtenAt.slice(0, 16).replace('T', ' ') ?? ''} UTC; days of
            ${first?.timeZone ?? 'UTC'}.
          </p>
        </header>
        <main>
          ${verdict(attention.map(({ item }) => item))}
          ${
            attention.length > 0 &&
            html`<section aria-labelledby="attention">
              <h2 id="attention">Needs attention</h2>
              <ul class="attention">
                ${attention.map(({ day, item }) => attentionItem(day, item))}
              </ul>
            </section>`
          }
          ${Object.entries(history).map(([connector, summaries]) => historySection(connector, summaries))}
          ${days.map(daySection)}
        </main>
        <footer>
          Record contents never appear here. Refused records lie in the quarantine container. Written by the
          EHR exports to Purview pipeline.
        </footer>
      </body>
    </html> `;
  return page.markup;
}

function verdict(items: readonly Attention[]): Html {
  const alerts = items.filter(({ level }) => level === 'alert').length;
  if (alerts > 0) {
    return html`<p class="verdict alert">
      <strong>Action needed.</strong> ${alerts} ${alerts === 1 ? 'thing needs' : 'things need'} somebody.
    </p>`;
  }
  if (items.length > 0)
    return html`<p class="verdict warning">
      <strong>In order, with remarks.</strong> ${items.length} to look at when there is time.
    </p>`;
  return html`<p class="verdict"><strong>All in order.</strong> Everything that arrived is in.</p>`;
}

function attentionItem(day: string, { level, reason, about, command }: Attention): Html {
  const status = reason.status === undefined ? '' : ` ${String(reason.status)}`;
  return html`<li class="${level}">
    <p><span class="level">${level}</span> <strong>${about}</strong> <span class="note">${day}</span></p>
    <p>${reason.code}${status}: ${reason.cause}</p>
    <p><strong>Cure:</strong> ${reason.cure}</p>
    ${command !== undefined && html`<p><code>${command}</code></p>`}
  </li>`;
}

function historySection(connector: string, summaries: readonly DaySummary[]): Html {
  const rows = summaries.toReversed().map(
    (each) =>
      html`<tr>
        <th scope="row">${each.day}</th>
        ${cells([each.exports, each.records, each.accepted, each.quarantined, each.failed])}
        <td>${each.missing ? 'no export' : ''}</td>
      </tr>`,
  );
  return html`<section>
    <h2>${connector}: the last ${summaries.length} days</h2>
    ${daysChart(summaries)}
    <details>
      <summary>The same as a table</summary>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Day</th>
              ${heads(['Exports', 'Records', 'Accepted', 'Quarantined', 'Failed'])}
              <th scope="col">Remark</th>
            </tr>
          </thead>
          <tbody>
            ${rows}
          </tbody>
        </table>
      </div>
    </details>
  </section>`;
}

function daySection({ day, connectors, strays }: DayStatus): Html {
  return html`<section>
    <h2>${day}</h2>
    ${connectors.map((status) => connectorSection(status))}
    ${
      strays.length > 0 &&
      html`<h3>In no connector's folder</h3>
        ${exportsTable(strays)}`
    }
  </section>`;
}

function connectorSection(status: ConnectorStatus): Html {
  const { connector, condition, missing, exports, availability } = status;
  const figures: [string, string][] = [
    ['Records', number(status.records)],
    ['RecordsSaved', number(status.accepted)],
    ['Quarantined', number(status.quarantined)],
    ['Failed', number(status.failed)],
    ['Still to do', number(status.toDo)],
    ['Possibly duplicated', number(status.possiblyDuplicated)],
    ['Requests (repeated)', `${number(status.requests)} (${number(status.retries)})`],
    [
      'Service availability',
      availability === undefined ? 'no request' : `${(availability * 100).toFixed(1)} %`,
    ],
  ];
  const words = condition === 'ok' ? '' : ` (${condition})`;
  return html`<h3>${connector}${words}</h3>
    ${missing && html`<p class="state">No export arrived.</p>`}
    <dl class="figures">
      ${figures.map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
    ${exports.length > 0 && exportsTable(exports)}`;
}

function exportsTable(exports: readonly ExportStatus[]): Html {
  const rows = exports.map(
    (each) =>
      html`<tr>
        <th scope="row" class="name">${each.name}${chunkStrip(each.strip)}${refusals(each)}</th>
        <td class="state">${stateWords(each)}</td>
        <td>${time(each.arrivedAt)}</td>
        <td>${time(each.finishedAt)}</td>
        ${cells([duration(each.seconds), each.records, each.accepted, each.quarantined, each.failed, each.toDo, each.possiblyDuplicated])}
      </tr>`,
  );
  return html`<div class="scroll" role="region" aria-label="Exports" tabindex="0">
    <table>
      <thead>
        <tr>
          <th scope="col">Export</th>
          <th scope="col">State</th>
          <th scope="col">Arrived (UTC)</th>
          <th scope="col">Finished (UTC)</th>
          ${heads(['Duration', 'Records', 'RecordsSaved', 'Quarantined', 'Failed', 'To do', 'Possibly dup.'])}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}

function refusals({ refusals: refused, warnings }: ExportStatus): Html {
  const list = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([code, count]) => `${code}: ${number(count)}`)
      .join('; ');
  return html`${Object.keys(refused).length > 0 && html`<p class="note">Refused: ${list(refused)}</p>`}${Object.keys(warnings).length > 0 && html`<p class="note">Warnings: ${list(warnings)}</p>`}`;
}

const STATE_WORDS: Readonly<Partial<Record<ExportStatus['state'], string>>> = {
  completedWithRefusals: 'completed with refusals',
  sourceLost: 'source lost',
};
const stateWords = ({ state, records }: ExportStatus): string =>
  state === 'completed' && records === 0 ? 'completed, no records' : (STATE_WORDS[state] ?? state);

const heads = (names: readonly string[]): Html[] =>
  names.map((name) => html`<th scope="col" class="n">${name}</th>`);
const cells = (values: readonly (string | number)[]): Html[] =>
  values.map((value) => html`<td class="n">${typeof value === 'number' ? number(value) : value}</td>`);
const number = (value: number): string => value.toLocaleString('en-US');
const time = (iso: string | undefined): string => iso?.slice(0, 16).replace('T', ' ') ?? '';
const duration = (seconds: number): string =>
  seconds < 90
    ? `${seconds.toFixed(1)} s`
    : `${String(Math.floor(seconds / 60))} min ${String(Math.round(seconds % 60))} s`;
