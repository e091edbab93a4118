import type { Clock, Random } from '../clock.ts';
import type { ConnectorClient } from '../connector/types.ts';
import type { CompleteServices } from '../export/complete.ts';
import type { Log } from '../log.ts';
import type { BlobStore } from '../storage/blobs.ts';
import type { MessageQueue } from '../storage/queue.ts';
import type { TableStore } from '../storage/tables.ts';
import { BodyPool } from './bodies.ts';
import { Completion } from './completion.ts';
import { Lane } from './lane.ts';
import { PlanCache } from './planCache.ts';
import type { PushSettings } from './settings.ts';

/** What the push side is given. */
export type PushPorts = {
  readonly tables: CompleteServices['tables'] & { readonly connectors: TableStore };
  readonly blobs: BlobStore;
  /** The queue of chunk messages. */
  readonly queue: MessageQueue;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly settings: PushSettings;
  /** Names this process among the instances: unique, of letters and digits. */
  readonly instance: string;
  /** Aborted when the host shuts down: no request begins after. */
  readonly stopping: AbortSignal;
  /** The client of a connector; asked once per connector. @throws {PipelineError} for a connector that is not configured */
  clientOf(connector: string): ConnectorClient;
};

/** Ports and what all chunks of a process share. */
export type PushServices = PushPorts & {
  readonly bodies: BodyPool;
  readonly plans: PlanCache;
  readonly completion: Completion;
  laneOf(connector: string): Lane;
  /** A name for a claim that no other claim has. */
  claimName(): string;
  /** An invocation began; {@link close} waits for its end. */
  underWay(invocation: Promise<unknown>): void;
  /** After `stopping` was aborted: wait a moment for requests in flight, so that the ledger learns what became of them, then close. */
  close(): Promise<void>;
};

/** The host gives 5 s between its sign and the end of the process. */
const CLOSE_MS = 3_500;

/** Make once per process. */
export function pushServices(ports: PushPorts): PushServices {
  const lanes = new Map<string, Lane>();
  const { tables, clock, settings, instance } = ports;
  const invocations = new Set<Promise<unknown>>();
  let claims = 0;
  return {
    ...ports,
    bodies: new BodyPool(settings.bodyBytes),
    plans: new PlanCache(),
    completion: new Completion(),
    claimName: () => `${instance}.${++claims}`,
    laneOf(connector) {
      let lane = lanes.get(connector);
      if (lane === undefined) {
        const client = ports.clientOf(connector);
        lane = new Lane({ connector, client, table: tables.connectors, clock, settings, instance });
        lanes.set(connector, lane);
      }
      return lane;
    },
    underWay(invocation) {
      const ended = invocation.catch(() => undefined).finally(() => invocations.delete(ended));
      invocations.add(ended);
    },
    close: async () => {
      const patience = new AbortController();
      const tooLong = clock.sleep(CLOSE_MS, patience.signal).catch(() => undefined);
      await Promise.race([Promise.all(invocations), tooLong]);
      patience.abort();
      await Promise.all([...lanes.values()].map((lane) => lane.close()));
    },
  };
}
