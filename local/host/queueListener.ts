import { setTimeout as delay } from 'node:timers/promises';
import type { HostLog } from './app.ts';
import type { Message, Queue } from './queueService.ts';

export type QueueListenerOptions = {
  readonly queue: Queue;
  /** Where a message goes that failed too often; without one it only stays hidden until its time runs out. */
  readonly poison: Queue | undefined;
  /** Messages asked for at once; asked again when no more than `newBatchThreshold` are being worked on. */
  readonly batchSize: number;
  readonly newBatchThreshold: number;
  readonly maxDequeueCount: number;
  /** How long a message that failed stays hidden, ms. */
  readonly retryDelayMs: number;
  readonly invisibilityMs: number;
  readonly pollMs: number;
  readonly log: HostLog;
  /** Who works: shown in the log. */
  readonly name: string;
  /** Works on one message. `later` puts it back as new, hidden for `LATER_MS`. Throws when it failed. */
  handle(message: Message): Promise<'done' | 'later'>;
};

/** When somebody else is at the same work, look again after this long. */
const LATER_MS = 5_000;
/** Longest pause while storage does not answer. */
const MAX_TROUBLE_MS = 2_000;

/** Serves one queue as the queue trigger of the real host does: batches, renewal, retries, poison queue. */
export class QueueListener {
  readonly #options: QueueListenerOptions;
  readonly #stopping = new AbortController();
  readonly #inHand = new Set<Promise<void>>();
  readonly #loop: Promise<void>;

  constructor(options: QueueListenerOptions) {
    this.#options = options;
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
    await Promise.all(this.#inHand);
  }

  async #run(): Promise<void> {
    const { batchSize, newBatchThreshold, pollMs } = this.#options;
    let troubleMs = 0;
    while (!this.#stopping.signal.aborted) {
      if (this.#inHand.size > newBatchThreshold) {
        await Promise.race(this.#inHand);
        continue;
      }
      const taken = await this.#take(batchSize);
      troubleMs = taken === undefined ? Math.min(Math.max(pollMs, troubleMs * 2), MAX_TROUBLE_MS) : 0;
      for (const message of taken ?? []) this.#begin(message);
      if (taken === undefined || taken.length === 0) await this.#pause(troubleMs || pollMs);
    }
  }

  async #take(count: number): Promise<Message[] | undefined> {
    const { queue, invisibilityMs, log, name } = this.#options;
    try {
      return await queue.take(count, invisibilityMs);
    } catch (error) {
      log('warning', name, `cannot read queue ${queue.name}: ${(error as Error).message}`);
      return undefined;
    }
  }

  #begin(message: Message): void {
    const { log, name } = this.#options;
    const work = this.#process(message)
      .catch((error: unknown) => {
        log('error', name, `cannot settle message ${message.id}: ${(error as Error).message}`);
      })
      .finally(() => this.#inHand.delete(work));
    this.#inHand.add(work);
  }

  async #process(taken: Message): Promise<void> {
    const { queue, poison, maxDequeueCount, retryDelayMs, log, name } = this.#options;
    if (poison !== undefined && taken.dequeueCount > maxDequeueCount) return this.#moveToPoison(taken);
    const held = this.#keepHidden(taken);
    try {
      const outcome = await this.#options.handle(taken);
      if (outcome === 'later') await queue.add(taken.text, LATER_MS);
      await queue.remove(await held.release());
    } catch (error) {
      log('error', name, `failed: ${(error as Error).message}`);
      const message = await held.release();
      if (poison === undefined) return;
      if (taken.dequeueCount >= maxDequeueCount) await this.#moveToPoison(message);
      else await queue.hide(message, retryDelayMs);
    }
  }

  /** Renews the time a message is hidden at half of it, until released. Each renewal brings another pop receipt. */
  #keepHidden(taken: Message): { release(): Promise<Message> } {
    const { queue, invisibilityMs, log, name } = this.#options;
    let message = taken;
    let renewing = Promise.resolve();
    const timer = setInterval(() => {
      renewing = renewing.then(async () => {
        try {
          message = (await queue.hide(message, invisibilityMs)) ?? message;
        } catch (error) {
          log('warning', name, `cannot keep message ${message.id}: ${(error as Error).message}`);
        }
      });
    }, invisibilityMs / 2);
    return {
      release: async () => {
        clearInterval(timer);
        await renewing;
        return message;
      },
    };
  }

  async #moveToPoison(message: Message): Promise<void> {
    const { queue, poison, maxDequeueCount, log, name } = this.#options;
    log('error', name, `message ${message.id} failed ${maxDequeueCount} times: moved to ${poison?.name}`);
    await poison?.add(message.text);
    await queue.remove(message);
  }

  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}
