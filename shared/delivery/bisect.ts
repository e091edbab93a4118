import type { SendOutcome } from '../connector/types.ts';
import type { Stretch } from './batchBook.ts';
import type { Body } from './bodies.ts';
import type { ChunkRun } from './chunkRun.ts';
import { blockForMapping, nothingAccepted } from './mappingGuard.ts';
import { keepWords } from '../quarantine/words.ts';
import { sendStretch, type Delivery } from './sendStretch.ts';

/** Records [first, last) of a body, which are the stretch's. */
export type Slice = Stretch & {
  readonly body: Body;
  readonly first: number;
  readonly last: number;
  readonly uncertain: boolean;
};

/**
 * Send a slice; when the service refuses it, in halves, until what it refuses is one record alone, which goes to quarantine.
 * Batches of one connector are bisected one at a time, the halves of a batch one after another: should the mapping be at
 * fault, it shows after three requests.
 */
export async function deliverSlice(run: ChunkRun, slice: Slice): Promise<void> {
  const delivery = await send(run, slice);
  if (delivery.kind !== 'refused') return;
  if (slice.last - slice.first === 1) return refuse(run, slice, delivery.outcome);
  await run.lane.bisectAlone(() => bisect(run, slice, true));
}

async function bisect(run: ChunkRun, slice: Slice, first: boolean): Promise<void> {
  if (run.ends) return;
  run.book.split(slice);
  const halves = halvesOf(slice);
  const left = await send(run, halves[0]);
  const right = left.kind === 'stopped' ? left : await send(run, halves[1]);
  if (first && isRefusal(left) && isRefusal(right) && (await nothingAccepted(run))) {
    const cause =
      'The service refuses both halves of the first batch it refused, and has accepted nothing of this export: the columns, not single records, are at fault.';
    return blockForMapping(run, right.outcome.reason.status, cause);
  }
  for (const [i, delivery] of [left, right].entries()) {
    if (delivery.kind !== 'refused') continue;
    const half = halves[i as 0 | 1];
    if (half.last - half.first === 1) await refuse(run, half, delivery.outcome);
    else await bisect(run, half, false);
  }
}

/** Whether the content was refused, not its size: too large says nothing of the mapping. */
const isRefusal = (delivery: Delivery): delivery is Extract<Delivery, { kind: 'refused' }> =>
  delivery.kind === 'refused' && delivery.outcome.next === 'refuse';

const send = (run: ChunkRun, slice: Slice): Promise<Delivery> =>
  sendStretch(run, {
    ...slice,
    records: slice.last - slice.first,
    request: slice.body.request(slice.first, slice.last, run.lane.client.frame.tail),
  });

function halvesOf(slice: Slice): readonly [Slice, Slice] {
  const middle = (slice.first + slice.last) >> 1;
  const number = slice.body.numberAt(middle);
  return [
    { ...slice, to: number, last: middle, uncertain: false },
    { ...slice, from: number, first: middle, uncertain: false },
  ];
}

/** One record, refused alone: it goes to quarantine, unless so many do that the mapping must be at fault. */
async function refuse(run: ChunkRun, slice: Slice, { words, reason, next }: SendOutcome): Promise<void> {
  const { status } = reason;
  const { settings, log, blobs } = run.services;
  const number = slice.body.numberAt(slice.first);
  run.serviceRefusals.set(number, words ?? '');
  // Of its size the service has nothing to say that a human needs.
  if (words !== undefined && next === 'refuse') await keepWords(blobs, run.exportRow, number, words);
  await run.book.refuse(slice, 1);
  log.warn('record.refusedByService', {
    ...run.where,
    batch: slice.batch,
    ...(status === undefined ? {} : { status }),
  });
  if (next === 'refuse' && run.book.refusedAlone > settings.refusalsPerChunk) {
    const cause = `The service refused more than ${settings.refusalsPerChunk} records of one chunk one by one: the columns, not single records, are at fault.`;
    await blockForMapping(run, status, cause);
  }
}
