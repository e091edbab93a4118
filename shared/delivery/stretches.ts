import { BATCH_LETTERS } from '../ledger/model.ts';
import type { BatchBook, Stretch } from './batchBook.ts';
import { batchRange, isSettled, type BatchLetter } from '../ledger/batches.ts';
import type { ChunkRun } from './chunkRun.ts';
import type { Part } from '../ledger/parts.ts';

/** What is to do with the records of a stretch that validation lets through. */
export type Todo =
  | 'send'
  /** An earlier attempt may have reached the service. */
  | 'sendAgain'
  /** Accepted by now, held for a human, or left for another invocation: its records are only judged. */
  | 'pass'
  /** The service refused them: they go to quarantine. */
  | 'quarantine';

export type PlannedStretch = Stretch & { readonly todo: Todo };

const { unsent, sending, doubtful, refused } = BATCH_LETTERS;

/**
 * The stretches of a chunk in order, as the ledger has them when each is reached: a batch, or its parts. An unknown outcome that
 * shall be held for a human becomes so here.
 */
export async function* stretchesOf(run: ChunkRun): AsyncGenerator<PlannedStretch> {
  const { row, plan, book } = run;
  for (let batch = 0; batch < row.batches.length; batch++) {
    const whole = batchRange(row, plan.recordsPerRequest, batch);
    const parts: readonly Pick<Part, 'from' | 'to' | 'state'>[] = book.parts(batch) ?? [
      { ...whole, state: book.letter(batch) },
    ];
    await book.settle(batch);
    for (const { from, to, state } of parts) {
      const stretch = { batch, from, to };
      const left = run.onlyBatch !== undefined && run.onlyBatch !== batch && !isSettled(state);
      yield { ...stretch, todo: left ? 'pass' : await todoOf(book, stretch, state, plan.onUnknownOutcome) };
    }
  }
}

async function todoOf(
  book: BatchBook,
  stretch: Stretch,
  state: BatchLetter,
  onUnknown: 'resend' | 'hold',
): Promise<Todo> {
  if (state === unsent) return 'send';
  if (state === doubtful) return 'sendAgain';
  if (state === refused && book.parts(stretch.batch) !== undefined) return 'quarantine';
  if (state !== sending) return 'pass';
  if (onUnknown === 'resend') return 'sendAgain';
  await book.hold(stretch);
  return 'pass';
}
