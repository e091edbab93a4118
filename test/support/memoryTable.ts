import { ConflictError } from '../../shared/errors.ts';
import type { StoredRow, TableRow, TableStore } from '../../shared/storage/tables.ts';
import { atomic, type FaultHook, type StoreOptions } from './faultHook.ts';

const MAX_STRING = 32_768;
const MAX_ENTITY = 2 ** 20;

/** Refuse what the real service refuses, so that a unit test does not pass with a row that Azure would not take. */
function checkRow(row: TableRow): void {
  const entries = Object.entries(row).filter(([, value]) => value !== undefined);
  if (entries.length > 252) throw new Error('TooManyProperties');
  let bytes = 0;
  for (const [name, value] of entries) {
    if (!/^[A-Za-z_]\w*$/u.test(name)) throw new Error(`PropertyNameInvalid ${name}`);
    if (typeof value === 'string' && value.length > MAX_STRING)
      throw new Error(`PropertyValueTooLarge ${name}`);
    if (typeof value === 'number' && !Number.isFinite(value)) throw new Error(`InvalidInput ${name}`);
    bytes += 2 * name.length + (typeof value === 'string' ? 2 * value.length : 8);
  }
  if (bytes > MAX_ENTITY) throw new Error('EntityTooLarge');
  for (const key of [row.partitionKey, row.rowKey]) {
    // oxlint-disable-next-line no-control-regex -- these are what keys may not hold
    if (key.length > 512 || /[/\\#?\u0000-\u001F\u007F-\u009F]/u.test(key)) throw new Error('KeyInvalid');
  }
}

const withoutUndefined = (row: TableRow): TableRow =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)) as TableRow;

/** A table in memory with the ETag rules of the real one. */
export class MemoryTable implements TableStore {
  readonly #rows = new Map<string, StoredRow>();
  readonly #name: string;
  readonly #hook: FaultHook | undefined;
  /** Told of every write as it takes effect. */
  onWrite: ((row: TableRow) => void) | undefined;
  #version = 0;

  constructor(name: string, options: StoreOptions = {}) {
    this.#name = name;
    this.#hook = options.hook;
  }

  /** Grows with every write: whoever watches the table need not read it as long as it stays. */
  get version(): number {
    return this.#version;
  }

  /** Every row, by key, without a call of the hook: for assertions. */
  rows(): readonly StoredRow[] {
    return [...this.#rows.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, stored]) => stored);
  }

  get(partitionKey: string, rowKey: string): Promise<StoredRow | undefined> {
    return this.#call('get', () => structuredClone(this.#rows.get(`${partitionKey}\n${rowKey}`)));
  }

  insert(row: TableRow): Promise<string> {
    return this.#call('insert', () => {
      if (this.#rows.has(keyOf(row))) throw new ConflictError('The row exists.');
      return this.#put(row);
    });
  }

  replace(row: TableRow, etag: string): Promise<string> {
    return this.#call('replace', () => {
      if (this.#rows.get(keyOf(row))?.etag !== etag) throw new ConflictError('The row changed.');
      return this.#put(row);
    });
  }

  remove(partitionKey: string, rowKey: string, etag: string): Promise<void> {
    return this.#call('remove', () => {
      const key = `${partitionKey}\n${rowKey}`;
      const stored = this.#rows.get(key);
      if (stored !== undefined && stored.etag !== etag) throw new ConflictError('The row changed.');
      this.#rows.delete(key);
    });
  }

  async insertMissing(rows: readonly TableRow[]): Promise<void> {
    for (let i = 0; i < rows.length; i += 100) {
      await this.#call('insertMissing', () => {
        for (const row of rows.slice(i, i + 100)) if (!this.#rows.has(keyOf(row))) this.#put(row);
      });
    }
  }

  async *list(query: Parameters<TableStore['list']>[0]): AsyncGenerator<StoredRow> {
    const found = await this.#call('list', () =>
      this.rows().filter(
        ({ row }) =>
          (query.partitionKey === undefined || row.partitionKey === query.partitionKey) &&
          (query.from === undefined || row.rowKey >= query.from) &&
          (query.to === undefined || row.rowKey < query.to) &&
          Object.entries(query.where ?? {}).every(([name, value]) => row[name] === value),
      ),
    );
    for (const stored of found) yield structuredClone(stored);
  }

  #put(row: TableRow): string {
    checkRow(row);
    const etag = `W/"${++this.#version}"`;
    this.onWrite?.(row);
    this.#rows.set(keyOf(row), { row: structuredClone(withoutUndefined(row)), etag });
    return etag;
  }

  #call<Result>(operation: string, step: () => Result): Promise<Result> {
    return atomic(this.#hook, { port: 'table', store: this.#name, operation }, step);
  }
}

const keyOf = (row: TableRow): string => `${row.partitionKey}\n${row.rowKey}`;
