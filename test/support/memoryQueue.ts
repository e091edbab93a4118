import type { Clock } from '../../shared/clock.ts';
import type { MessageQueue } from '../../shared/storage/queue.ts';
import { atomic, type FaultHook, type StoreOptions } from './faultHook.ts';

/** A message as a receiver of a MemoryQueue gets it. */
export type ReceivedMessage = {
  readonly message: object;
  /** From 1. */
  readonly dequeueCount: number;
  /** Takes it off the queue for good. */
  done(): void;
};

/** A queue in memory: messages go through JSON, may be delayed, and come back when they are not taken off. */
export class MemoryQueue implements MessageQueue {
  readonly #messages = new Map<number, { text: string; visibleAt: number; dequeueCount: number }>();
  readonly #name: string;
  readonly #hook: FaultHook | undefined;
  readonly #clock: Pick<Clock, 'now'>;
  #id = 0;

  constructor(name: string, options: StoreOptions & { clock?: Pick<Clock, 'now'> } = {}) {
    this.#name = name;
    this.#hook = options.hook;
    this.#clock = options.clock ?? { now: () => Date.now() };
  }

  /** Messages on the queue, visible or not. */
  get length(): number {
    return this.#messages.size;
  }

  /** Every message as JSON text, visible or not: for assertions on what they hold. */
  texts(): string[] {
    return [...this.#messages.values()].map(({ text }) => text);
  }

  /** When the next message becomes visible, UTC ms; undefined when there is none. */
  nextVisibleAt(): number | undefined {
    const times = [...this.#messages.values()].map(({ visibleAt }) => visibleAt);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Lose every message, as a cleared queue does. */
  clear(): void {
    this.#messages.clear();
  }

  send(message: object, delayMs = 0): Promise<void> {
    return atomic(this.#hook, { port: 'queue', store: this.#name, operation: 'send' }, () => {
      const visibleAt = this.#clock.now() + Math.min(delayMs, 7 * 86_400_000);
      this.#messages.set(++this.#id, { text: JSON.stringify(message), visibleAt, dequeueCount: 0 });
    });
  }

  /** The next visible message, invisible to others for `invisibleMs`; undefined when there is none. */
  receive(invisibleMs = 600_000): ReceivedMessage | undefined {
    const now = this.#clock.now();
    for (const [id, entry] of this.#messages) {
      if (entry.visibleAt > now) continue;
      entry.visibleAt = now + invisibleMs;
      entry.dequeueCount++;
      return {
        message: JSON.parse(entry.text) as object,
        dequeueCount: entry.dequeueCount,
        done: () => void this.#messages.delete(id),
      };
    }
    return undefined;
  }
}
