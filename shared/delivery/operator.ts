import { counted } from '../counted.ts';
import { PipelineError } from '../errors.ts';
import { readExport } from '../ledger/exports.ts';
import { connectorKey } from '../ledger/model.ts';
import {
  cancelConnector,
  cancelExport,
  pauseConnector,
  resumeConnector,
  type ControlServices,
} from './control.ts';
import { replay, type ReplayRequest, type ReplayServices } from './replay.ts';

export const OPERATIONS = ['replay', 'pause', 'resume', 'cancel'] as const;

/** In the place of an export's id: every export of the connector that has not ended. Said in a word, so that no omission means it. */
export const ALL_EXPORTS = 'all';

/** What an operator asks for, by HTTP or on the command line. `export` is an id of 32 hex digits, as the status shows it. */
export type Operation =
  /** Everything of the connector that failed or is held; only one export; only one chunk of it, numbered from 1. */
  | {
      readonly action: 'replay';
      readonly connector: string;
      readonly export?: string;
      readonly chunk?: number;
    }
  | { readonly action: 'pause' | 'resume'; readonly connector: string }
  /** One export, or {@link ALL_EXPORTS}. */
  | { readonly action: 'cancel'; readonly connector: string; readonly export: string };

/** What each action is told beside its name. */
const PARTS = {
  replay: ['connector', 'export', 'chunk'],
  pause: ['connector'],
  resume: ['connector'],
  cancel: ['connector', 'export'],
} as const satisfies Record<Operation['action'], readonly string[]>;

/** The request says something that cannot be done; nothing was changed. */
export class OperationError extends PipelineError {}

const EXPORT_ID = /^[\da-f]{32}$/;
/** As in the setting CONNECTORS. */
const CONNECTOR_NAME = /^[\dA-Za-z][\dA-Za-z_-]{0,62}$/;

/**
 * Check what came from outside; without `action` it is a replay. A part that the action does not take is refused, not ignored:
 * whoever names a chunk to cancel does not mean the whole export. To cancel, the connector need not be set up any more: its exports
 * wait for that, or for being cancelled.
 *
 * @param connectors names that are set up
 * @throws {OperationError} naming the part that is wrong and what is possible
 */
export function parseOperation(value: unknown, connectors: readonly string[]): Operation {
  const given = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const { action: name = 'replay', connector, export: exportId, chunk } = given;
  const action = OPERATIONS.find((known) => known === name);
  if (action === undefined) throw wrong('action', `one of ${OPERATIONS.join(', ')}`);
  refuseSurplus(action, given);
  const isKnown = (one: string): boolean =>
    connectors.includes(one) || (action === 'cancel' && CONNECTOR_NAME.test(one));
  if (typeof connector !== 'string' || !isKnown(connector)) {
    throw wrong('connector', `one of ${connectors.join(', ')}`);
  }
  if (action === 'pause' || action === 'resume') return { action, connector };
  if (exportId === undefined) {
    if (action === 'cancel') throw wrong('export', `the id of the export to cancel, or "${ALL_EXPORTS}"`);
    if (chunk !== undefined) throw wrong('export', 'the id of the export that the chunk is of');
    return { action, connector };
  }
  if (action === 'cancel' && exportId === ALL_EXPORTS) return { action, connector, export: exportId };
  if (typeof exportId !== 'string' || !EXPORT_ID.test(exportId)) {
    throw wrong('export', 'an export id of 32 hex digits, as the status shows it');
  }
  if (chunk === undefined) return { action, connector, export: exportId };
  if (!Number.isSafeInteger(chunk) || Number(chunk) < 1) throw wrong('chunk', 'a chunk number from 1');
  return { action: 'replay', connector, export: exportId, chunk: Number(chunk) };
}

function refuseSurplus(action: Operation['action'], given: Readonly<Record<string, unknown>>): void {
  const parts: readonly string[] = PARTS[action];
  const surplus = Object.keys(given).some((part) => part !== 'action' && !parts.includes(part));
  if (!surplus) return;
  throw new OperationError({
    code: 'BAD_REQUEST',
    cause: `"${action}" takes ${parts.map((part) => `"${part}"`).join(', ')} and nothing else.`,
    cure: 'Leave out the rest and ask again; nothing was changed.',
  });
}

/** What came of it, one sentence for an operator; `refused` tells what could not be done and why. */
export type Operated = { readonly done: string; readonly refused: readonly string[] };

/** Do what an operator asks for. Repeating it is fine. */
export async function operate(
  operation: Operation,
  services: ReplayServices & ControlServices,
): Promise<Operated> {
  const { connector } = operation;
  switch (operation.action) {
    case 'pause':
      await pauseConnector(connector, services);
      return {
        done: `Connector ${connector} is paused: nothing more is sent until it is resumed.`,
        refused: [],
      };
    case 'resume': {
      const woken = await resumeConnector(connector, services);
      return {
        done: `Connector ${connector} goes on; woken: ${counted(woken, 'waiting chunk')}.`,
        refused: [],
      };
    }
    case 'cancel': {
      if (operation.export === ALL_EXPORTS) {
        const cancelled = await cancelConnector(connector, services);
        return { done: `Cancelled: ${counted(cancelled, 'export')} of connector ${connector}.`, refused: [] };
      }
      const keys = { connectorKey: connectorKey(connector), exportId: operation.export };
      const row = await cancelExport(keys, services);
      if (row) return { done: `The export is ${row.state}.`, refused: [] };
      return { done: 'Nothing was cancelled.', refused: [UNKNOWN_EXPORT] };
    }
    case 'replay': {
      const { export: exportId, chunk } = operation;
      return sendAgain(
        {
          connectorKey: connectorKey(connector),
          ...(exportId === undefined ? {} : { exportId }),
          ...(chunk === undefined ? {} : { chunk }),
        },
        services,
      );
    }
  }
}

const UNKNOWN_EXPORT = 'The ledger does not know this export.';
const NOTHING_SENT = 'Nothing is sent again.';

async function sendAgain(request: ReplayRequest, services: ReplayServices): Promise<Operated> {
  const { connectorKey, exportId } = request;
  if (exportId !== undefined) {
    const known = await readExport(services.tables.exports, { connectorKey, exportId });
    if (known === undefined) return { done: NOTHING_SENT, refused: [UNKNOWN_EXPORT] };
  }
  const { exports, chunks, refused } = await replay(request, services);
  const nothing = refused.length > 0 ? NOTHING_SENT : 'Nothing of it failed or is held.';
  return {
    done:
      chunks > 0 ? `Under way again: ${counted(chunks, 'chunk')} of ${counted(exports, 'export')}.` : nothing,
    refused: refused.map(({ exportId, reason }) => `${exportId}: ${reason.cause} ${reason.cure}`),
  };
}

function wrong(name: string, expected: string): OperationError {
  return new OperationError({
    code: 'BAD_REQUEST',
    cause: `"${name}" is missing or wrong: expected ${expected}.`,
    cure: 'Correct it and ask again; nothing was changed.',
  });
}
