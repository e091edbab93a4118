/** What a table property may hold. Strings are at most 32,768 UTF-16 units, an entity at most 1 MiB and 252 properties. */
export type TableValue = string | number | boolean | undefined;

/** A row to write. Keys hold no `/ \ # ?` and no control characters: use hashes and numbers. */
export type TableRow = { partitionKey: string; rowKey: string } & Record<string, TableValue>;

/** A row as read, with the ETag that a conditional change must present. */
export type StoredRow = { readonly row: TableRow; readonly etag: string };

/**
 * One table. Every change is conditional. A change whose answer was lost and that is met again as 409 or 412 is
 * recognised as one's own by an owner mark, so a ConflictError always means that somebody else won.
 * Transient faults (timeout, 429, 5xx) are retried inside, up to a deadline, then thrown as they are.
 */
export interface TableStore {
  /** The row, or undefined when there is none. */
  get(partitionKey: string, rowKey: string): Promise<StoredRow | undefined>;
  /** Insert; returns the new ETag. @throws {ConflictError} when the row exists */
  insert(row: TableRow): Promise<string>;
  /** Replace the whole row if its ETag is still `etag`; returns the new ETag. @throws {ConflictError} when changed or gone */
  replace(row: TableRow, etag: string): Promise<string>;
  /** Delete if the ETag is still `etag`; a row already gone is fine. @throws {ConflictError} when changed */
  remove(partitionKey: string, rowKey: string, etag: string): Promise<void>;
  /** Insert many rows of one partition, in transactions of up to 100; rows that exist are left as they are. */
  insertMissing(rows: readonly TableRow[]): Promise<void>;
  /**
   * Rows in order of their keys. `partitionKey` narrows to a partition, `from` (inclusive) and `to` (exclusive) to a range of
   * row keys, `where` to rows whose properties equal the given values (evaluated by the service;
   * numbers are left out, since the service compares only those of one width).
   */
  list(query: {
    partitionKey?: string;
    from?: string;
    to?: string;
    where?: Record<string, string | boolean>;
  }): AsyncIterable<StoredRow>;
}
