import type { Random } from '../../shared/clock.ts';
import { RECORDS_PER_REQUEST } from './faultCell.ts';
import type { Effect, ProxyFault } from './faultProxy.ts';
import type { ExportShape } from './issuedExport.ts';
import { seededRandom } from './virtualClock.ts';

/** What a campaign does besides exports and faults of single calls. */
export const DEEDS = [
  'duplicate messages',
  'duplicate event',
  'garbage messages',
  'queue cleared',
  'tokens expired',
  'token endpoint fails',
  'wrong secret for a while',
  'blob overwritten',
  'same content again',
] as const;
export type Deed = (typeof DEEDS)[number];

/** A fault of the connector: rule without the numbers of its requests, which count from the campaign's first. */
export type ConnectorFault = {
  readonly kind: string;
  readonly from: number;
  readonly to: number;
  readonly condition: string;
};

/** Everything that a campaign does, decided by its seed alone. */
export type CampaignPlan = {
  readonly seed: number;
  readonly exports: readonly ExportShape[];
  readonly connector: readonly ConnectorFault[];
  readonly storage: readonly ProxyFault[];
  /** Calls in whose midst the process that makes them is killed. */
  readonly kills: readonly Omit<ProxyFault, 'effect'>[];
  readonly deeds: readonly Deed[];
};

/** Whether any fault of the plan can leave an outcome unknown: without one nothing may be counted as possibly duplicated. */
export function mayRepeat({ connector, kills }: CampaignPlan): boolean {
  return kills.length > 0 || connector.some(({ kind }) => !SURE.has(kind));
}

/** Faults of the connector after which it is known whether the records were taken. */
const SURE: ReadonlySet<string> = new Set([
  '429',
  '425',
  '401',
  '403',
  '404',
  '307',
  'empty',
  'html',
  'fewer',
]);

/** Kinds with the conditions each is tried under. */
const CONNECTOR: readonly (readonly [kind: string, ...conditions: string[]])[] = [
  ['down', ''],
  ['reset-early', ''],
  ['reset-before', ''],
  ['reset-after', ''],
  ['hang', ''],
  ['hang-after', ''],
  ['slow', ''],
  ['endless', ''],
  ['cut', ''],
  ['empty', ''],
  ['html', ''],
  ['fewer', ':by=2'],
  ['307', ''],
  ['401', ''],
  ['403', ''],
  ['404', ''],
  ['425', ''],
  ['408', '', ':accepted'],
  [
    '429',
    '',
    ':retry-after=1',
    ':retry-after=date+2',
    ':retry-after=0',
    ':retry-after=-5',
    ':retry-after=soon',
  ],
  ['500', '', ':accepted'],
  ['501', ''],
  ['502', '', ':accepted'],
  ['503', '', ':accepted', ':retry-after=1'],
  ['504', '', ':accepted'],
];

/** Every way in which a campaign makes the connector fail. */
export const CONNECTOR_KINDS: readonly string[] = CONNECTOR.map(([kind]) => kind);

/** Calls of storage that every export makes, and how many of each at least. */
export const CALLS: readonly (readonly [kind: string, atLeast: number])[] = [
  ['table exports.get', 5],
  ['table exports.insert', 1],
  ['table exports.replace', 5],
  ['table chunks.get', 1],
  ['table chunks.insertMany', 1],
  ['table chunks.list', 2],
  ['table chunks.replace', 4],
  ['table connectors.get', 2],
  ['table contents.insert', 1],
  ['table marks.insert', 1],
  ['queue chunks.send', 1],
  ['queue chunks.remove', 1],
  ['queue host.send', 1],
  ['queue host.remove', 1],
  ['blob exports.facts', 1],
  ['blob exports.snapshot', 1],
  ['blob exports.read', 3],
  ['blob exports.removeSnapshot', 1],
  ['blob hostblobreceipts.lease', 1],
  ['blob hostblobreceipts.metadata', 1],
];

const LOST: readonly Effect[] = [
  { do: 'status', status: 500 },
  { do: 'status', status: 503, code: 'ServerBusy' },
  { do: 'cut' },
  { do: 'delay', ms: 400 },
];
const BEFORE: readonly Effect[] = [...LOST, { do: 'status', status: 429, code: 'TooManyRequests' }];
const AFTER: readonly Effect[] = [...LOST, { do: 'half' }];
const CONFLICT: Effect = { do: 'status', status: 412, code: 'UpdateConditionNotSatisfied' };

const one = <Item>(random: Random, items: readonly Item[]): Item =>
  items[Math.floor(random() * items.length)] as Item;

const many = <Item>(random: Random, most: number, make: () => Item): Item[] =>
  Array.from({ length: Math.floor(random() * (most + 1)) }, make);

/** The campaign that a seed stands for. */
export function planCampaign(seed: number): CampaignPlan {
  const random = seededRandom(seed * 2_654_435_761);
  const deeds = DEEDS.filter(() => random() < 0.08);
  const exports = Array.from({ length: random() < 0.3 ? 2 : 1 }, (_, index): ExportShape => ({
    blobName: `healthcare/${seed}-${index}.csv`,
    records: 1 + Math.floor(random() * 45),
    recordsPerRequest: RECORDS_PER_REQUEST,
    invalid: random() < 0.5 ? 0 : 0.1,
    refusedBatches: random() < 0.5 ? 0 : 0.2,
  }));
  const batches = exports.reduce((sum, { records }) => sum + Math.ceil(records / RECORDS_PER_REQUEST), 0);
  const connector = many(random, 3, () => connectorFault(random, batches));
  // One fault for each kind of call: a first one might leave the second no call to meet.
  const free = isNew();
  const kills = (random() < 0.4 ? many(random, 2, () => kill(random)) : []).filter(free);
  const storage = many(random, 3, () => storageFault(random)).filter(free);
  return { seed, exports, connector, storage, kills, deeds };
}

function isNew(): (fault: { readonly kind: string }) => boolean {
  const known = new Set<string>();
  return ({ kind }) => !known.has(kind) && known.add(kind).has(kind);
}

function connectorFault(random: Random, batches: number): ConnectorFault {
  const [kind, ...conditions] = one(random, CONNECTOR);
  const from = 1 + Math.floor(random() * batches);
  return { kind, from, to: from + Math.floor(random() * random() * 6), condition: one(random, conditions) };
}

function storageFault(random: Random): ProxyFault {
  const [kind, atLeast] = one(random, CALLS);
  const nth = 1 + Math.floor(random() * atLeast);
  const count = 1 + Math.floor(random() * random() * 5);
  if (kind.endsWith('.replace') && random() < 0.25) {
    return { kind, nth, count: 1, when: 'before', effect: CONFLICT };
  }
  const when = random() < 0.5 ? 'before' : 'after';
  return { kind, nth, count, when, effect: one(random, when === 'before' ? BEFORE : AFTER) };
}

function kill(random: Random): CampaignPlan['kills'][number] {
  const when = random() < 0.5 ? 'before' : 'after';
  if (random() < 0.4) return { kind: 'connector signals.post', nth: 1, when };
  const [kind, atLeast] = one(random, CALLS);
  return { kind, nth: 1 + Math.floor(random() * atLeast), when };
}
