const FIRST_BYTES = 16 * 1024;
/** A body grows to its double, but never by more: what it leaves behind takes memory until it is collected. */
const MOST_GROWTH_BYTES = 512 * 1024;
const FIRST_RECORDS = 256;

/**
 * One request's body under construction: the multipart head and the header line, then records, with room for the tail. Knows
 * where each record lies, so that it can go out again in halves without a copy. Buffers grow and are used again.
 */
export class Body {
  #bytes: Buffer = Buffer.alloc(0);
  #numbers = new Uint32Array(0);
  #ends = new Uint32Array(0);
  #prefix = 0;
  #length = 0;
  #count = 0;
  readonly #grown: (bytes: number) => void;

  /** @param grown told by how many bytes the buffer grew */
  constructor(grown: (bytes: number) => void) {
    this.#grown = grown;
  }

  /** Records in it. */
  get count(): number {
    return this.#count;
  }

  /** Bytes of the body without the tail. */
  get length(): number {
    return this.#length;
  }

  /** Bytes of memory it holds. */
  get capacity(): number {
    return this.#bytes.length;
  }

  /**
   * Start anew with what stands before the records.
   * @param expected bytes that the body is likely to get, so that it need not grow
   */
  begin(prefix: Uint8Array, expected = FIRST_BYTES): void {
    this.#length = this.#count = 0;
    this.#reserve(Math.max(prefix.length, expected));
    this.#bytes.set(prefix, 0);
    this.#prefix = this.#length = prefix.length;
  }

  /** Room for `bytes` more at {@link length}; whoever writes them then calls {@link take}. */
  room(bytes: number): Buffer {
    this.#reserve(this.#length + bytes);
    return this.#bytes;
  }

  /** Append a run of records that lie one after another at `source[start, end)`. Their ends follow by {@link mark}. */
  append(source: Uint8Array, start: number, end: number): void {
    this.#reserve(this.#length + end - start);
    this.#bytes.set(source.subarray(start, end), this.#length);
    this.#length += end - start;
  }

  /** `bytes` were written at {@link length}. */
  take(bytes: number): void {
    this.#length += bytes;
  }

  /** The record with this number (counted from any fixed base) ends at byte `end` of the body. */
  mark(number: number, end: number): void {
    if (this.#count === this.#numbers.length) this.#growIndex();
    this.#numbers[this.#count] = number;
    this.#ends[this.#count] = end;
    this.#count++;
  }

  /** Number of the record at `index`. */
  numberAt(index: number): number {
    return this.#numbers[index]!;
  }

  /** Bytes of records [first, last), without what stands around them. Valid until {@link begin}. */
  records(first: number, last: number): Buffer {
    return this.#bytes.subarray(first === 0 ? this.#prefix : this.#ends[first - 1], this.#ends[last - 1]);
  }

  /** The body of a request with records [first, last): buffers that follow each other. */
  request(first: number, last: number, tail: Uint8Array): Uint8Array[] {
    if (first === 0) return [this.#bytes.subarray(0, this.#ends[last - 1]), tail];
    return [this.#bytes.subarray(0, this.#prefix), this.records(first, last), tail];
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#bytes.length) return;
    const more = Math.min(this.#bytes.length, MOST_GROWTH_BYTES);
    const grown = Buffer.allocUnsafeSlow(Math.max(bytes, this.#bytes.length + more));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#grown(grown.length - this.#bytes.length);
    this.#bytes = grown;
  }

  #growIndex(): void {
    const size = Math.max(FIRST_RECORDS, this.#numbers.length * 2);
    const numbers = new Uint32Array(size);
    const ends = new Uint32Array(size);
    numbers.set(this.#numbers);
    ends.set(this.#ends);
    this.#numbers = numbers;
    this.#ends = ends;
  }
}

/**
 * The bodies of a process. A new one is given out only while their memory is within the limit; bodies already given out may
 * grow over it, each to the largest body a plan allows, of which one per chunk is under construction.
 */
export class BodyPool {
  readonly #limit: number;
  readonly #free: Body[] = [];
  /** In the order in which they will be served. */
  readonly #waiting: { readonly began: number; wake(): void }[] = [];
  #bytes = 0;
  #out = 0;

  /** @param limit bytes of memory of all bodies together */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes of memory that bodies hold, free ones included. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * A body to fill; waits while the memory is used up. Undefined when `signal` was aborted first.
   * @param began when the asker's chunk was begun: the oldest is served first, so that chunks end one after another and others take
   * their places, instead of all at once with nothing in flight meanwhile
   */
  async take(signal: AbortSignal, began: number): Promise<Body | undefined> {
    while (!signal.aborted) {
      const first = this.#waiting[0];
      const body = first === undefined || began <= first.began ? this.#give() : undefined;
      if (body !== undefined) return body;
      await this.#freed(signal, began);
    }
    // Whoever gives up passes the wake-up on.
    this.#waiting.shift()?.wake();
    return undefined;
  }

  /** Give a body back. */
  release(body: Body): void {
    this.#out--;
    // What was grown over the limit is given back to the system.
    if (this.#bytes > this.#limit) this.#bytes -= body.capacity;
    else this.#free.push(body);
    this.#waiting.shift()?.wake();
  }

  #give(): Body | undefined {
    const free = this.#free.pop();
    if (free === undefined && this.#out > 0 && this.#bytes + this.#typical() > this.#limit) return undefined;
    this.#out++;
    return free ?? new Body((bytes) => (this.#bytes += bytes));
  }

  /** Bytes a further body is likely to take. */
  #typical(): number {
    return Math.max(FIRST_BYTES, this.#bytes / Math.max(1, this.#out + this.#free.length));
  }

  #freed(signal: AbortSignal, began: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        const at = this.#waiting.indexOf(waiter);
        if (at >= 0) this.#waiting.splice(at, 1);
        resolve();
      };
      const waiter = { began, wake };
      const behind = this.#waiting.findIndex((other) => other.began > began);
      this.#waiting.splice(behind < 0 ? this.#waiting.length : behind, 0, waiter);
      signal.addEventListener('abort', wake, { once: true });
    });
  }
}
