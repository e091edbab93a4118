import type { Reason } from '../errors.ts';
import { closeExport, type CompleteServices } from '../export/complete.ts';
import { listChunks, reissueChunk } from '../ledger/chunks.ts';
import { fromExportTableRow } from '../ledger/exportRows.ts';
import { isoTime, type ExportKeys } from '../ledger/exports.ts';
import { connectorKey, FINAL_EXPORT_STATES, type ConnectorRow, type ExportRow } from '../ledger/model.ts';
import type { MessageQueue } from '../storage/queue.ts';
import type { TableStore } from '../storage/tables.ts';
import { ConnectorGate } from './connectorGate.ts';

export type ControlServices = Omit<CompleteServices, 'clock'> & {
  readonly tables: CompleteServices['tables'] & { readonly connectors: TableStore };
  readonly queue: MessageQueue;
  readonly clock: CompleteServices['clock'] & { monotonic(): number };
};

const CANCELLED: Reason = {
  code: 'CANCELLED',
  cause: 'An operator cancelled the export.',
  cure: 'Replay the export if its records should be sent after all.',
};

/** Nothing more is sent to a connector until it is resumed; requests in flight end. Its exports wait. */
export async function pauseConnector(connector: string, services: ControlServices): Promise<void> {
  await gateOf(connector, services).change((row) => (row.paused ? row : { ...row, paused: true }));
  services.log.warn('connector.paused', { connector });
}

/**
 * Let a connector go on: it is no longer paused, an open circuit is probed at once, and every waiting chunk is woken. The gate of a
 * `Retry-After` stays shut to its instant.
 * @returns how many chunks were woken
 */
export async function resumeConnector(connector: string, services: ControlServices): Promise<number> {
  const now = services.clock.now();
  await gateOf(connector, services).change((row): ConnectorRow => {
    const probed = row.circuit === 'open' ? { until: isoTime(now) } : {};
    return { ...row, paused: false, ...probed };
  });
  services.log.info('connector.resumed', { connector });
  let woken = 0;
  for await (const exported of activeExports(connector, services)) {
    if (exported.source !== undefined) woken += await wake(exported, services);
  }
  return woken;
}

/**
 * End an export before it is through: what was not accepted counts as failed. Whoever pushes one of its chunks finds out at its
 * next mark in the ledger and sends nothing more; a batch then in flight may still be received.
 * @returns the export as it then is; undefined when the ledger does not know it
 */
export function cancelExport(keys: ExportKeys, services: ControlServices): Promise<ExportRow | undefined> {
  return closeExport(keys, 'cancelled', CANCELLED, services);
}

/**
 * {@link cancelExport} for every export of a connector that the ledger knows and that has not ended. What arrives later is none of them.
 * @returns how many were cancelled; one whose records are all in by then ends as it would have
 */
export async function cancelConnector(connector: string, services: ControlServices): Promise<number> {
  let cancelled = 0;
  for await (const exported of activeExports(connector, services)) {
    const ended = await cancelExport(exported, services);
    if (ended?.state === 'cancelled') cancelled++;
  }
  return cancelled;
}

/** Exports of a connector that have not ended. */
async function* activeExports(connector: string, { tables }: ControlServices): AsyncGenerator<ExportRow> {
  const query = { partitionKey: connectorKey(connector), where: { active: true } };
  for await (const { row } of tables.exports.list(query)) {
    const exported = fromExportTableRow(row);
    if (!FINAL_EXPORT_STATES.has(exported.state)) yield exported;
  }
}

async function wake(exported: ExportRow, { tables, queue, clock }: ControlServices): Promise<number> {
  const now = clock.now();
  let woken = 0;
  for (const stored of await listChunks(tables.chunks, exported.exportId)) {
    if (stored.row.state !== 'waiting') continue;
    if (await reissueChunk({ chunks: tables.chunks, queue, now }, exported, stored)) woken++;
  }
  return woken;
}

const gateOf = (connector: string, { tables, clock }: ControlServices): ConnectorGate =>
  new ConnectorGate(tables.connectors, connector, clock);
