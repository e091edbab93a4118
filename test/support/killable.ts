/** What every call of a dead process throws. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

type Method = (...parameters: unknown[]) => unknown;

/** Methods of the ports that give a stream. */
const STREAMS: ReadonlySet<unknown> = new Set(['list', 'listDeleted', 'read']);

/**
 * A process that may be killed at one of its I/O calls: before the call, or after it took effect and before its answer was read.
 * Once dead, nothing that is still under way in it reaches a store any more.
 */
export class KillableProcess {
  readonly #killAt: number;
  /** Moments (two a call) that the process lived through. */
  moments = 0;
  dead = false;

  /** @param killAt the moment, from 1, at which it dies; infinity for a process that lives */
  constructor(killAt = Number.POSITIVE_INFINITY) {
    this.#killAt = killAt;
  }

  /** A store as this process reaches it. */
  reach<Store extends object>(store: Store): Store {
    return new Proxy(store, {
      get: (target, property) => {
        const method: unknown = Reflect.get(target, property, target);
        if (typeof method !== 'function') return method;
        const apply: Method = (...parameters) => Reflect.apply(method as Method, target, parameters);
        return STREAMS.has(property)
          ? (...parameters: unknown[]) => this.#stream(apply(...parameters) as AsyncIterable<unknown>)
          : (...parameters: unknown[]) => this.#call(apply, parameters);
      },
    });
  }

  async #call(apply: Method, parameters: unknown[]): Promise<unknown> {
    this.#live();
    const answer = await apply(...parameters);
    this.#live();
    return answer;
  }

  async *#stream(items: AsyncIterable<unknown>): AsyncGenerator {
    this.#live();
    for await (const item of items) {
      yield item;
      this.#live();
    }
  }

  #live(): void {
    if (!this.dead) this.dead = ++this.moments >= this.#killAt;
    if (this.dead) throw new Killed('The process was killed.');
  }
}
