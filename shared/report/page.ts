import { createHash } from 'node:crypto';
import { reasonHead } from '../errors.ts';
import { daysChart, progressBar, type ChartDay } from './chart.ts';
import { FINAL_EXPORT_STATES } from '../ledger/model.ts';
import { addDays, type Day } from './days.ts';
import { exportsTable } from './exportsTable.ts';
import { html, type Html } from './html.ts';
import type { MonthSummary } from './months.ts';
import { STYLE } from './style.ts';
import type { DaySummary } from './summaries.ts';
import type { Attention, ConnectorStatus, DayStatus } from './types.ts';
import { missingRemark, missingWords, number } from './words.ts';

/** Days at a glance. */
export const GLANCE_DAYS = 30;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');
const STYLE_ELEMENT: Html = { markup: `<style>${STYLE}</style>` };

/** Nothing is loaded, run or sent from the page; only its own style sheet applies. */
export const CONTENT_SECURITY_POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'`;

export type PageContent = {
  /** The day the page is about first; an earlier one may follow. */
  readonly days: readonly DayStatus[];
  /** For each connector by name, its last days, oldest first. */
  readonly history: Readonly<Record<string, readonly DaySummary[]>>;
  /** Older months of which only sums are kept. */
  readonly months?: readonly MonthSummary[];
  /** What the page is about, when it is not its first day. */
  readonly about?: string;
  /** Seconds after which the page loads itself again. */
  readonly refreshSeconds?: number;
};

/** The status as one self-contained page: no script, nothing external, light and dark, for phone, screen and A4. */
export function statusPage({ days, history, months = [], about, refreshSeconds }: PageContent): string {
  const [first] = days;
  const attention = attentionOn(days);
  const title = `EHR exports to Purview, ${about ?? first?.day ?? 'no day'}`;
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
          ${verdict(
            attention.map(({ item }) => item),
            openOn(days),
          )}
          ${
            attention.length > 0 &&
            html`<section aria-labelledby="attention">
              <h2 id="attention">Needs attention</h2>
              <ul class="attention">
                ${attention.map(({ day, item }) => attentionItem(day, item))}
              </ul>
              ${attention.some(({ item }) => item.command !== undefined) && WHERE_COMMANDS_RUN}
            </section>`
          }
          ${days.slice(0, 1).map(daySection)}
          ${Object.entries(history).map(([connector, summaries]) =>
            historySection(connector, summaries, first?.day ?? ''),
          )}
          ${days.slice(1).map(daySection)} ${months.length > 0 && monthsSection(months)}
        </main>
        <footer>
          Record contents never appear here. Quarantined records lie in the container quarantine. Written by
          the EHR exports to Purview pipeline.
        </footer>
      </body>
    </html> `;
  return page.markup;
}

const WHERE_COMMANDS_RUN = html`<p class="note">
  Commands run in a copy of the project, signed in to the account: see the page “Operations” of its documents
  (docs/operations.md). What a code means: “Troubleshooting” (docs/troubleshooting.md).
</p>`;

type DatedAttention = { readonly day: Day; readonly item: Attention };

/** What needs attention on any of the days, alerts first; what a connector suffers from now is told once. */
function attentionOn(days: readonly DayStatus[]): DatedAttention[] {
  const all = days.flatMap(({ day, attention }) => attention.map((item): DatedAttention => ({ day, item })));
  return all
    .filter(({ item }, index) => all.findIndex((other) => isSame(other.item, item)) === index)
    .toSorted((a, b) => Number(b.item.level === 'alert') - Number(a.item.level === 'alert'));
}

/** Whether two days tell of the same: what a connector suffers from now is told by both. */
const isSame = (a: Attention, b: Attention): boolean =>
  a === b ||
  (a.exportId === undefined &&
    b.exportId === undefined &&
    a.about === b.about &&
    a.reason.code === b.reason.code &&
    a.reason.code !== 'NO_EXPORT_ARRIVED');

function verdict(items: readonly Attention[], open: number): Html {
  const alerts = items.filter(({ level }) => level === 'alert').length;
  if (alerts > 0) {
    return html`<p class="verdict alert">
      <strong>Action needed.</strong> ${alerts} ${alerts === 1 ? 'item needs' : 'items need'} action.
    </p>`;
  }
  if (items.length > 0)
    return html`<p class="verdict warning">
      <strong>In order, with remarks.</strong> ${items.length} ${items.length === 1 ? 'item' : 'items'} to look at when there is time.
    </p>`;
  if (open > 0)
    return html`<p class="verdict">
      <strong>In order so far.</strong> ${open} ${open === 1 ? 'export is' : 'exports are'} on the way.
    </p>`;
  return html`<p class="verdict"><strong>All in order.</strong> Everything that arrived is in.</p>`;
}

/** Exports that have not ended. */
const openOn = (days: readonly DayStatus[]): number =>
  days
    .flatMap(({ connectors }) => connectors.flatMap(({ exports }) => exports))
    .filter(({ state }) => !FINAL_EXPORT_STATES.has(state)).length;

function attentionItem(day: string, { level, reason, about, command }: Attention): Html {
  return html`<li class="${level}">
    <p><span class="level">${level}</span> <strong>${about}</strong> <span class="note">${day}</span></p>
    <p>${reasonHead(reason)}: ${reason.cause}</p>
    <p><strong>Cure:</strong> ${reason.cure}</p>
    ${command !== undefined && html`<p><code>${command}</code></p>`}
  </li>`;
}

function historySection(connector: string, summaries: readonly DaySummary[], newest: Day): Html {
  const byDay = new Map(summaries.map((summary) => [summary.day, summary]));
  const days = Array.from({ length: GLANCE_DAYS }, (_, index): ChartDay => {
    const day = addDays(newest, index + 1 - GLANCE_DAYS);
    const summary = byDay.get(day);
    return summary ? { day, summary } : { day };
  });
  const rows = days.toReversed().map(
    ({ day, summary }) =>
      html`<tr>
        <th scope="row">${day}</th>
        ${
          summary
            ? cells([summary.exports, summary.records, summary.accepted, summary.quarantined, summary.failed])
            : cells(['', '', '', '', ''])
        }
        <td>${summary ? summary.missing && missingRemark(summary.exports) : 'not reported'}</td>
      </tr>`,
  );
  return html`<section>
    <h2>${connector}: the last ${GLANCE_DAYS} days</h2>
    ${daysChart(days)}
    <p class="note legend">
      <span class="key good"></span>accepted <span class="key bad"></span>quarantined or failed
      <span class="key todo"></span>still to do
      <span class="key gap"></span>no export arrived
    </p>
    <details>
      <summary>The same as a table</summary>
      <div class="scroll" role="region" aria-label="${connector}, by day" tabindex="0">
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

function monthsSection(months: readonly MonthSummary[]): Html {
  const rows = months.map(
    (each) =>
      html`<tr>
        <th scope="row">${each.month}</th>
        <td>${each.connector === '' ? 'no connector' : each.connector}</td>
        ${cells([each.exports, each.records, each.accepted, each.quarantined, each.failed, each.possiblyDuplicated, each.missingDays])}
      </tr>`,
  );
  return html`<section>
    <h2>Months of which sums are kept</h2>
    <div class="scroll" role="region" aria-label="Months" tabindex="0">
      <table>
        <thead>
          <tr>
            <th scope="col">Month</th>
            <th scope="col">Connector</th>
            ${heads(['Exports', 'Records', 'Accepted', 'Quarantined', 'Failed', 'Possibly duplicated', 'Days without export'])}
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
  </section>`;
}

/** How a connector is now is no property of a day that is over. */
function daySection({ day, to, writtenAt, connectors, strays }: DayStatus): Html {
  const isOver = writtenAt >= to;
  return html`<section>
    <h2>${day}</h2>
    ${connectors.map((status) => connectorSection(day, status, isOver))}
    ${
      strays.length > 0 &&
      html`<h3>In no connector's folder</h3>
        ${exportsTable(strays, `Blobs in no connector's folder, ${day}`)}`
    }
  </section>`;
}

function connectorSection(day: Day, status: ConnectorStatus, isOver: boolean): Html {
  const { connector, condition, missing, exports, firstTryShare } = status;
  const title = html`<h3>${connector}${condition === 'ok' || isOver ? '' : ` (${condition})`}</h3>`;
  if (exports.length === 0)
    return html`${title}
      <p class="state">${missing ? missingWords(exports) : 'No export so far.'}</p>`;
  const figures: [string, string][] = [
    ['Exports', number(exports.length)],
    ['Records', number(status.records)],
    ['Accepted', number(status.accepted)],
    ['Quarantined', number(status.quarantined)],
    ['Failed', number(status.failed)],
    ['Still to do', number(status.toDo)],
    ['Possibly duplicated', number(status.possiblyDuplicated)],
    ['Requests (repeated)', `${number(status.requests)} (${number(status.retries)})`],
    ['First-try share', firstTryShare === undefined ? '–' : `${(firstTryShare * 100).toFixed(1)} %`],
  ];
  return html`${title} ${missing && html`<p class="state">${missingWords(exports)}</p>`} ${progressBar(status)}
    <dl class="figures">
      ${figures.map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
    ${exportsTable(exports, `Exports of ${connector}, ${day}`)}`;
}

const heads = (names: readonly string[]): Html[] =>
  names.map((name) => html`<th scope="col" class="n">${name}</th>`);
const cells = (values: readonly (string | number)[]): Html[] =>
  values.map((value) => html`<td class="n">${typeof value === 'number' ? number(value) : value}</td>`);
