import type { Reason } from '../errors.ts';
import { listChunks } from '../ledger/chunks.ts';
import type { PushServices } from './services.ts';
import type { Opening } from './circuit.ts';
import type { ChunkRun } from './chunkRun.ts';
import { openCircuit } from './admit.ts';

/** Code of the reason for which a connector is blocked when the service refuses everything. */
export const MAPPING_REFUSED = 'MAPPING_REFUSED';

/** Whether the service has taken anything of the run's export, in this chunk or another. */
export async function nothingAccepted({ services, exportRow, book }: ChunkRun): Promise<boolean> {
  if (book.anyAccepted) return false;
  const chunks = await listChunks(services.tables.chunks, exportRow.exportId);
  return chunks.every(({ row }) => row.accepted === 0);
}

/**
 * Block the connector because the mapping is wrong, not the records: what the service refused is forgotten, so that nothing
 * goes to quarantine for it.
 */
export async function blockForMapping(
  run: ChunkRun,
  status: number | undefined,
  cause: string,
): Promise<void> {
  run.serviceRefusals.clear();
  await run.book.forgetRefusals();
  await openCircuit(
    run,
    run.nextRequest(),
    mappingOpening(run.services, {
      code: MAPPING_REFUSED,
      ...(status === undefined ? {} : { status }),
      cause,
      cure: 'Compare the export’s columns with the connector’s schema in the Purview portal, correct the mapping, cancel this export and upload it again (with the metadata again=true if some of it was accepted); or resume the connector if the records are at fault.',
    }),
  );
}

/** A circuit opened for the mapping; probed like any other configuration fault. */
export function mappingOpening({ clock, random, settings }: PushServices, reason: Reason): Opening {
  const until = (): number => clock.now() + Math.ceil(settings.probeMs * (1 + 0.1 * random()));
  return { kind: 'blocked', reason, until };
}
