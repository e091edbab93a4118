import type { ExportView } from '../../local/cli/ledgerView.ts';
import type { JournalEntry } from '../../local/simulator/types.ts';
import { judgeExports } from './conservation.ts';
import { RECORDS_PER_REQUEST, type FaultCell } from './faultCell.ts';
import type { ProxyFault } from './faultProxy.ts';
import { issueExport, type ExportShape, type IssuedExport } from './issuedExport.ts';
import { seededRandom } from './virtualClock.ts';

export type DeliveryOptions = Partial<ExportShape> & {
  /** Rules of the simulator; numbers behind `@` count from this export's first request, for tokens from its first token request. */
  readonly faults?: string;
  readonly storage?: readonly ProxyFault[];
  /** Done while the export is under way. */
  readonly meanwhile?: (cell: FaultCell, id: string, issued: IssuedExport) => Promise<void>;
  readonly deadlineMs?: number;
};

/** An export at its end, and all that was seen on the way. */
export type Delivered = {
  readonly id: string;
  readonly issued: IssuedExport;
  readonly row: ExportView['row'];
  /** Requests to the connector, and to the token endpoint. */
  readonly requests: readonly JournalEntry[];
  readonly tokens: readonly JournalEntry[];
  /** What the conservation oracle finds wrong. */
  readonly wrong: readonly string[];
  /** What the functions logged meanwhile. */
  readonly log: string;
};

let exports = 0;

/** Deliver one export under the faults given, and judge it. */
export async function deliver(cell: FaultCell, options: DeliveryOptions = {}): Promise<Delivered> {
  const { faults = '', storage = [], meanwhile, deadlineMs, ...shape } = options;
  exports++;
  const issued = issueExport(
    {
      blobName: `healthcare/row-${exports}.csv`,
      records: 15,
      recordsPerRequest: RECORDS_PER_REQUEST,
      ...shape,
    },
    seededRandom(exports),
  );
  const before = await cell.journal();
  const logged = (await cell.log()).length;
  const isSignal = ({ kind }: JournalEntry): boolean => kind === 'signal';
  await cell.simulator.setFaults(numbered(faults, lastNumber(before, 'signal'), lastNumber(before, 'token')));
  cell.proxy.setFaults(storage);
  try {
    const id = await cell.put(issued);
    await meanwhile?.(cell, id, issued);
    const { row } = await cell.ended(id, deadlineMs);
    await cell.restarted();
    const journal = await cell.journal(before.length);
    const requests = journal.filter(isSignal);
    const wrong = await judgeExports(cell, [{ issued, id }], requests);
    if (cell.tap.leaks.length > 0) wrong.push(`a record's value went to ${cell.tap.leaks.join()}`);
    const tokens = journal.filter(({ kind }) => kind === 'token');
    return { id, issued, row, requests, tokens, wrong, log: (await cell.log()).slice(logged) };
  } finally {
    cell.proxy.setFaults([]);
    await cell.simulator.setFaults('');
  }
}

/** Number of the last request of a kind; a request that is still under way is not in the journal, and has one all the same. */
export const lastNumber = (journal: readonly JournalEntry[], kind: JournalEntry['kind']): number =>
  journal.reduce((last, entry) => (entry.kind === kind ? Math.max(last, entry.number) : last), 0);

/** Rules with the numbers that the simulator has by now. */
export const numbered = (spec: string, signals: number, tokens: number): string =>
  spec
    .split(',')
    .map((rule) => {
      const base = rule.trim().startsWith('token-') ? tokens : signals;
      return rule.replace(
        /@(\d+)(-?)(\d*)/,
        (_all, from: string, dash: string, to: string) =>
          `@${base + Number(from)}${dash}${to === '' ? '' : base + Number(to)}`,
      );
    })
    .join(',');

/** How often an event stands in a log. */
export const countEvents = (log: string, event: string): number => log.split(`"event":"${event}"`).length - 1;

/** Bodies that were accepted more than once, by their digest; the cell's simulator must keep digests. */
export function repeatedBodies(requests: readonly JournalEntry[]): number {
  const bodies = requests.flatMap(({ accepted, sha256 }) =>
    accepted && sha256 !== undefined ? [sha256] : [],
  );
  return bodies.length - new Set(bodies).size;
}
