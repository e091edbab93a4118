import { setTimeout as delay } from 'node:timers/promises';
import type { JournalEntry } from '../../local/simulator/types.ts';
import { connectorKey, CONTAINERS } from '../../shared/ledger/model.ts';
import {
  mayRepeat,
  planCampaign,
  type CampaignPlan,
  type ConnectorFault,
  type Deed,
} from './campaignPlan.ts';
import { judgeExports, type Sent } from './conservation.ts';
import { lastNumber } from './deliver.ts';
import { CONNECTOR, RECORDS_PER_REQUEST, type FaultCell } from './faultCell.ts';
import { judgeDuplicate } from './reportOracle.ts';
import { issueExport, REFUSING_RULE, type IssuedExport } from './issuedExport.ts';
import { until } from './processes.ts';
import { seededRandom } from './virtualClock.ts';

/** What a campaign came to. */
export type Outcome = {
  /** What is wrong; empty when every promise was kept. */
  readonly wrong: readonly string[];
  /** Faults that really happened, by their words. */
  readonly happened: readonly string[];
};

/** Where the local host keeps what its scan of blobs found. */
const EVENT_QUEUE = 'azure-webjobs-blobtrigger-local';
/** How long after the end of the exports a fault may still be on its way. */
const LATE_MS = 10_000;

/**
 * Send the exports of a seed through the faults of that seed, wait for their end, and judge.
 * @param round tells repetitions of a seed in one cell apart: the same content would not be sent again
 */
export async function runCampaign(cell: FaultCell, seed: number, round = 0): Promise<Outcome> {
  const plan = planCampaign(seed);
  const exports = plan.exports.map((shape) => ({ ...shape, version: ` of round ${round}` }));
  const campaign = new Campaign(cell, { ...plan, exports });
  try {
    return await campaign.run();
  } finally {
    await campaign.clear();
  }
}

class Campaign {
  readonly #cell: FaultCell;
  readonly #plan: CampaignPlan;
  readonly #sent: Sent[] = [];
  /** Ids of exports whose content was sent before. */
  readonly #duplicates: string[] = [];
  readonly #happened: string[] = [];

  constructor(cell: FaultCell, plan: CampaignPlan) {
    this.#cell = cell;
    this.#plan = plan;
  }

  async run(): Promise<Outcome> {
    const cell = this.#cell;
    const { connector, exports, seed, deeds } = this.#plan;
    const before = await cell.journal();
    const base = lastNumber(before, 'signal');
    const tokens = lastNumber(before, 'token');
    const leaks = cell.tap.leaks.length;
    await cell.simulator.setFaults(
      [
        REFUSING_RULE,
        ...connector.map((fault) => ruleOf(fault, base)),
        ...(deeds.includes('token endpoint fails')
          ? [`token-500@${tokens + 1}`, `token-malformed@${tokens + 2}`]
          : []),
      ].join(','),
    );
    this.#arm();
    const random = seededRandom(seed);
    for (const shape of exports) await this.#send(issueExport(shape, random));
    const done = deeds.map((deed) => this.#do(deed));
    const ends = async (): Promise<void> => {
      for (const { id } of this.#sent) await cell.ended(id);
    };
    await Promise.all([...done, ends()]);
    await ends();
    await this.#settled();
    const wrong = await this.#judge(before.length, base);
    if (wrong.length > 0) wrong.push(`requests: ${(await cell.journal(before.length)).map(told).join(' ')}`);
    if (cell.tap.leaks.length > leaks)
      wrong.push(`a record's value went to ${cell.tap.leaks.slice(leaks).join()}`);
    return { wrong, happened: this.#happened };
  }

  /** Leave nothing behind for the next campaign. */
  async clear(): Promise<void> {
    const { proxy, simulator, storage } = this.#cell;
    proxy.setFaults([]);
    await simulator.setFaults('');
    await simulator.setSecret(simulator.secret);
    await this.#cell.restarted();
    for (const { issued } of this.#sent) {
      await storage.blobs
        .remove({ container: CONTAINERS.exports, name: issued.blobName })
        .catch(() => undefined);
    }
  }

  #arm(): void {
    const { storage, kills } = this.#plan;
    this.#cell.proxy.setFaults([
      ...storage,
      ...kills.map((kill) => ({
        ...kill,
        effect: { do: 'run', run: (instance: number) => this.#cell.kill(instance) } as const,
      })),
    ]);
  }

  async #send(issued: IssuedExport, metadata?: Record<string, string>): Promise<Sent> {
    const sent = { issued, id: await this.#cell.put(issued, metadata) };
    this.#sent.push(sent);
    return sent;
  }

  /** Every kill and fault of storage has come to pass, or never will. */
  async #settled(): Promise<void> {
    const { proxy } = this.#cell;
    await until('every fault happened', () => proxy.hits.every((hits) => hits > 0), LATE_MS, 50).catch(
      () => undefined,
    );
    await this.#cell.restarted();
  }

  async #judge(entries: number, base: number): Promise<string[]> {
    const cell = this.#cell;
    const { storage, kills, connector } = this.#plan;
    const journal = (await cell.journal(entries)).filter(({ kind }) => kind === 'signal');
    const takenOver = (id: string): boolean => cell.tap.takenOver.has(id);
    const outcomes = (id: string): boolean => !mayRepeat(this.#plan) && !takenOver(id);
    // A death, or a ledger out of reach, comes between the mark of a request and the request.
    const requests = storage.length + kills.length === 0 && !this.#sent.some(({ id }) => takenOver(id));
    const wrong = await judgeExports(cell, this.#sent, journal, { outcomes, requests });
    const status = await cell.status();
    for (const id of this.#duplicates) wrong.push(...judgeDuplicate(status, id));
    const rules = [
      ...storage.map((fault) => JSON.stringify(fault)),
      ...kills.map((kill) => `kill ${JSON.stringify(kill)}`),
    ];
    for (const [index, hits] of cell.proxy.hits.entries()) {
      if (hits === 0) wrong.push(`the fault never happened: ${rules[index] ?? ''}`);
    }
    this.#happened.push(
      ...storage.map(({ kind, when, effect }) => `${kind} ${when} ${effect.do}`),
      ...kills.map(({ kind, when }) => `kill ${when} ${kind}`),
    );
    wrong.push(...this.#judgeConnector(connector, journal, base));
    return wrong;
  }

  /**
   * The injector proves that its faults happened: the first request that each was meant for met some fault, unless its token was
   * of no use, which the service looks at first.
   */
  #judgeConnector(
    faults: readonly ConnectorFault[],
    journal: readonly JournalEntry[],
    base: number,
  ): string[] {
    return faults.flatMap(({ kind, from }) => {
      const entry = journal.find(({ number }) => number === base + from);
      if (entry?.fault !== undefined) {
        this.#happened.push(entry.fault.replace(/@[\d-]+/, ''));
        return [];
      }
      const refusedForItsToken = entry?.status === 401;
      return refusedForItsToken ? [] : [`the connector's fault ${kind} at request ${from} never happened`];
    });
  }

  async #do(deed: Deed): Promise<void> {
    const [first] = this.#sent;
    if (first === undefined) return;
    this.#happened.push(deed);
    const duplicate = await DO[deed](this.#cell, first, (issued, metadata) => this.#send(issued, metadata));
    if (duplicate !== undefined) this.#duplicates.push(duplicate);
  }
}

type Send = (issued: IssuedExport, metadata?: Record<string, string>) => Promise<Sent>;

const told = ({ kind, number, status, fault, records, accepted }: JournalEntry): string =>
  `${kind[0] ?? ''}${number}:${records}${accepted ? '+' : '-'}${status ?? ''}${fault === undefined ? '' : `(${fault})`}`;

const ruleOf = ({ kind, from, to, condition }: ConnectorFault, base: number): string =>
  `${kind}@${base + from}-${base + to}${condition}`;

const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64');

const messageOf = (id: string, chunk: number): object => ({
  v: 1,
  exportId: id,
  connectorKey: connectorKey(CONNECTOR),
  chunk,
});

/** The ledger says that the export was pinned and is under way, or over. */
async function underWay(cell: FaultCell, id: string): Promise<void> {
  const early: ReadonlySet<string> = new Set(['received', 'splitting']);
  const ready = async (): Promise<boolean> => {
    const view = await cell.view(id);
    return view !== undefined && !early.has(view.row.state);
  };
  await until('the export is under way', ready, 60_000, 20);
}

/** Each deed; what it uploads of a content that was sent before, it returns the id of. */
const DO: Readonly<Record<Deed, (cell: FaultCell, first: Sent, send: Send) => Promise<string | void>>> = {
  async 'duplicate messages'(cell, { id }) {
    for (let i = 0; i < 4; i++) {
      await cell.message(base64(messageOf(id, 1)));
      await delay(150);
    }
  },
  async 'duplicate event'(cell, { issued: { blobName } }) {
    const facts = await cell.storage.blobs.facts({ container: CONTAINERS.exports, name: blobName });
    const event = {
      Type: 'BlobTrigger',
      FunctionId: 'Host.Functions.splitExport',
      BlobType: 'BlockBlob',
      ContainerName: CONTAINERS.exports,
      BlobName: blobName,
      ETag: (facts?.etag ?? '').replaceAll('"', ''),
    };
    for (let i = 0; i < 2; i++) await cell.message(base64(event), EVENT_QUEUE);
  },
  async 'garbage messages'(cell, { id }) {
    await cell.message(Buffer.from('garbage').toString('base64'));
    await cell.message(base64({ ...messageOf(id, 1), v: 0 }));
    await cell.message(base64(messageOf('0'.repeat(32), 7)));
  },
  async 'queue cleared'(cell, { id }) {
    await underWay(cell, id);
    await cell.clear();
  },
  async 'tokens expired'(cell) {
    await cell.simulator.expireTokens();
  },
  async 'token endpoint fails'(cell) {
    await cell.simulator.expireTokens();
  },
  async 'wrong secret for a while'(cell) {
    await cell.simulator.setSecret('another secret');
    await cell.simulator.expireTokens();
    await delay(1_500);
    await cell.simulator.setSecret(cell.simulator.secret);
  },
  async 'blob overwritten'(cell, { issued, id }, send) {
    await underWay(cell, id);
    const shape = { blobName: issued.blobName, records: 7, recordsPerRequest: RECORDS_PER_REQUEST };
    const version = ` after ${id}`;
    await send(issueExport({ ...shape, version }, Math.random));
  },
  async 'same content again'(cell, { issued, id }) {
    // One of which nothing was accepted gives its content up.
    if ((await cell.ended(id)).row.accepted === 0) return;
    const blobName = issued.blobName.replace('.csv', '-again.csv');
    const again = await cell.put({ ...issued, blobName });
    const { state } = (await cell.ended(again)).row;
    if (state !== 'duplicate') throw new Error(`The same content under another name ended ${state}.`);
    await cell.storage.blobs.remove({ container: CONTAINERS.exports, name: blobName });
    return again;
  },
};
