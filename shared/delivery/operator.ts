import { PipelineError } from '../errors.ts';
import { connectorKey } from '../ledger/model.ts';
import { cancelExport, pauseConnector, resumeConnector, type ControlServices } from './control.ts';
import { replay, type ReplayRequest, type ReplayServices } from './replay.ts';

export const OPERATIONS = ['replay', 'pause', 'resume', 'cancel'] as const;

/** What an operator asks for, by HTTP or on the command line. */
export type Operation = {
  readonly action: (typeof OPERATIONS)[number];
  readonly connector: string;
  /** Export id, 32 hex digits, as the status shows it. */
  readonly export?: string;
  /** Chunk number from 1; only with `export`. */
  readonly chunk?: number;
};

/** The request says something that cannot be done; nothing was changed. */
export class OperationError extends PipelineError {}

const EXPORT_ID = /^[\da-f]{32}$/;

/**
 * Check what came from outside.
 *
 * @param connectors names that are set up
 * @throws {OperationError} naming the part that is wrong and what is possible
 */
export function parseOperation(value: unknown, connectors: readonly string[]): Operation {
  const given = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const { action = 'replay', connector, export: exportId, chunk } = given;
  const known = OPERATIONS.find((name) => name === action);
  if (known === undefined) throw wrong('action', `one of ${OPERATIONS.join(', ')}`);
  if (typeof connector !== 'string' || !connectors.includes(connector)) {
    throw wrong('connector', `one of ${connectors.join(', ')}`);
  }
  if (exportId !== undefined && !(typeof exportId === 'string' && EXPORT_ID.test(exportId))) {
    throw wrong('export', 'an export id of 32 hex digits, as the status shows it');
  }
  if (chunk !== undefined && !(Number.isSafeInteger(chunk) && Number(chunk) > 0 && exportId !== undefined)) {
    throw wrong('chunk', 'a chunk number from 1, together with an export');
  }
  if (known === 'cancel' && exportId === undefined) throw wrong('export', 'the id of the export to cancel');
  return {
    action: known,
    connector,
    ...(exportId === undefined ? {} : { export: exportId }),
    ...(chunk === undefined ? {} : { chunk: Number(chunk) }),
  };
}

/** What came of it, one sentence for an operator; `refused` tells what could not be done and why. */
export type Operated = { readonly done: string; readonly refused: readonly string[] };

/** Do what an operator asks for. Repeating it is fine. */
export async function operate(
  { action, connector, export: exportId, chunk }: Operation,
  services: ReplayServices & ControlServices,
): Promise<Operated> {
  switch (action) {
    case 'pause':
      await pauseConnector(connector, services);
      return {
        done: `Connector ${connector} is paused: nothing more is sent until it is resumed.`,
        refused: [],
      };
    case 'resume': {
      const woken = await resumeConnector(connector, services);
      return {
        done: `Connector ${connector} goes on; ${String(woken)} waiting chunks were woken.`,
        refused: [],
      };
    }
    case 'cancel': {
      const row = await cancelExport(
        { connectorKey: connectorKey(connector), exportId: exportId ?? '' },
        services,
      );
      if (row) return { done: `The export is ${row.state}.`, refused: [] };
      return { done: 'Nothing was cancelled.', refused: ['The ledger does not know this export.'] };
    }
    case 'replay':
      return sendAgain({ connectorKey: connectorKey(connector), ...given({ exportId, chunk }) }, services);
  }
}

async function sendAgain(request: ReplayRequest, services: ReplayServices): Promise<Operated> {
  const { exports, chunks, refused } = await replay(request, services);
  return {
    done: `${String(chunks)} chunks of ${String(exports)} exports are under way again.`,
    refused: refused.map(({ exportId, reason }) => `${exportId}: ${reason.cause} ${reason.cure}`),
  };
}

const given = ({
  exportId,
  chunk,
}: {
  exportId: string | undefined;
  chunk: number | undefined;
}): Partial<ReplayRequest> => ({
  ...(exportId === undefined ? {} : { exportId }),
  ...(chunk === undefined ? {} : { chunk }),
});

function wrong(name: string, expected: string): OperationError {
  return new OperationError({
    code: 'BAD_REQUEST',
    cause: `"${name}" is missing or wrong: expected ${expected}.`,
    cure: 'Correct it and ask again; nothing was changed.',
  });
}
