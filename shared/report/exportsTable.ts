import { chunkStrip } from './chart.ts';
import { html, type Html } from './html.ts';
import { duration, number, time } from './words.ts';
import type { ExportStatus } from './types.ts';

const FIGURES = ['Records', 'Accepted', 'Quarantined', 'Failed', 'Still to do', 'Possibly duplicated'];

/**
 * Exports as a table, each with its chunks as a strip; on a phone each row becomes a card.
 * Roles are given although the elements have them: a browser takes them away from what is laid out as blocks.
 */
export function exportsTable(exports: readonly ExportStatus[], label: string): Html {
  return html`<table class="exports" role="table" aria-label="${label}">
    <thead role="rowgroup">
      <tr role="row">
        <th scope="col" role="columnheader">Export</th>
        <th scope="col" role="columnheader">State</th>
        <th scope="col" role="columnheader">Arrived, finished (UTC)</th>
        ${FIGURES.map((name) => html`<th scope="col" role="columnheader" class="n">${name}</th>`)}
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${exports.map(exportRow)}
    </tbody>
  </table>`;
}

function exportRow(status: ExportStatus): Html {
  const { name, exportId, arrivedAt, finishedAt, seconds, strip, duplicateOf, duplicateOfName } = status;
  const figures = [status.records, status.accepted, status.quarantined, status.failed, status.toDo];
  const cells = figures
    .concat(status.possiblyDuplicated)
    .map((value, index) => ({ name: FIGURES[index] ?? '', value }));
  return html`<tr role="row">
    <th scope="row" role="rowheader">
      ${name}
      <p class="note">id ${exportId}</p>
      ${chunkStrip(strip)}${findings('Quarantined', status.refusals)}${findings('Warnings', status.warnings)}${duplicateOf !== undefined && html`<p class="note">Same content as ${duplicateOfName ?? 'export'} ${duplicateOfName === undefined ? duplicateOf : `(${duplicateOf})`}</p>`}
    </th>
    <td role="cell" data-name="State" class="state">${stateWords(status)}</td>
    <td role="cell" data-name="Arrived, finished (UTC)">
      <span
        >${time(arrivedAt)}${finishedAt !== undefined && html`, <span class="nowrap">${time(finishedAt)}</span>`}
        <span class="note nowrap">(${duration(seconds)})</span></span
      >
    </td>
    ${cells.map((cell) => html`<td role="cell" data-name="${cell.name}" class="n">${number(cell.value)}</td>`)}
  </tr>`;
}

function findings(title: string, counts: Readonly<Record<string, number>>): Html {
  const list = Object.entries(counts).map(([code, count]) => `${code}: ${number(count)}`);
  return list.length === 0 ? html`` : html`<p class="note">${title}: ${list.join('; ')}</p>`;
}

const STATE_WORDS: Readonly<Partial<Record<ExportStatus['state'], string>>> = {
  completedWithRefusals: 'completed, some quarantined',
  sourceLost: 'source lost',
};

const stateWords = ({ state, records }: ExportStatus): string =>
  state === 'completed' && records === 0 ? 'completed, no records' : (STATE_WORDS[state] ?? state);
