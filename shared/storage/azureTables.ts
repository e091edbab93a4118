import { randomUUID } from 'node:crypto';
import type { TableClient, TableEntityResult } from '@azure/data-tables';
import { ConflictError } from '../errors.ts';
import { statusOf, withRetries, type RetryContext } from './retry.ts';
import type { StoredRow, TableRow, TableStore, TableValue } from './tables.ts';

/** Property that tells a writer its own row after an answer was lost; readers never see it. */
const WRITE_MARK = 'writeMark';
const TRANSACTION_ROWS = 100;
const PAGE_ROWS = 1000;
const INT32 = 2 ** 31;

/** Statuses by which the service says that a row is there already, or is no longer what it was. */
const EXISTS = [409];
const CHANGED = [404, 412];

const isOneOf = (statuses: readonly number[], error: unknown): boolean =>
  statuses.includes(statusOf(error) ?? 0);

type Entity = Record<string, unknown> & { partitionKey: string; rowKey: string };
type Retry = <Result>(
  call: (attempt: number, abortSignal: AbortSignal) => Promise<Result>,
) => Promise<Result>;

/** A table of Azure Table Storage. The client must not retry by itself: its retries would hide which conflict is one's own. */
export function azureTable(client: TableClient, context: RetryContext): TableStore {
  const retry: Retry = (call) => withRetries(context, call);

  async function read(partitionKey: string, rowKey: string): Promise<TableEntityResult<object> | undefined> {
    return retry(async (_attempt, abortSignal) => {
      try {
        return await client.getEntity(partitionKey, rowKey, { abortSignal });
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        throw error;
      }
    });
  }

  /** Write under a fresh mark; a conflict met after a lost answer is looked into before somebody else is blamed. */
  async function write(
    row: TableRow,
    conflicts: readonly number[],
    call: (entity: Entity, abortSignal: AbortSignal) => Promise<{ etag?: string }>,
  ): Promise<string> {
    const mark = randomUUID();
    const entity = { ...toEntity(row), [WRITE_MARK]: mark };
    return retry(async (attempt, abortSignal) => {
      try {
        return (await call(entity, abortSignal)).etag ?? '';
      } catch (error) {
        if (!isOneOf(conflicts, error)) throw error;
        const now = attempt > 1 ? await read(row.partitionKey, row.rowKey) : undefined;
        if (now !== undefined && (now as Partial<Entity>)[WRITE_MARK] === mark) return now.etag;
        throw new ConflictError(`Row ${row.partitionKey}/${row.rowKey} was changed by another.`, {
          cause: error,
        });
      }
    });
  }

  async function* list(query: Parameters<TableStore['list']>[0]): AsyncGenerator<StoredRow> {
    const filter = filterOf(query);
    const queryOptions = filter === '' ? {} : { filter };
    let continuationToken: string | undefined;
    do {
      const page = await retry(async (_attempt, abortSignal) => {
        const pages = client
          .listEntities({ queryOptions, abortSignal })
          .byPage({ maxPageSize: PAGE_ROWS, ...(continuationToken ? { continuationToken } : {}) });
        return (await pages.next()).value;
      });
      for (const entity of page ?? []) yield toStoredRow(entity);
      continuationToken = page?.continuationToken;
    } while (continuationToken);
  }

  async function insertTransaction(rows: readonly TableRow[]): Promise<void> {
    await retry(async (_attempt, abortSignal) => {
      try {
        await client.submitTransaction(
          rows.map((row) => ['create', toEntity(row)]),
          { abortSignal },
        );
      } catch (error) {
        if (!isOneOf(EXISTS, error)) throw error;
        throw new ConflictError('At least one of the rows exists.', { cause: error });
      }
    });
  }

  return {
    async get(partitionKey, rowKey) {
      const entity = await read(partitionKey, rowKey);
      return entity && toStoredRow(entity);
    },
    insert: (row) =>
      write(row, EXISTS, (entity, abortSignal) => client.createEntity(entity, { abortSignal })),
    replace: (row, etag) =>
      write(row, CHANGED, (entity, abortSignal) =>
        client.updateEntity(entity, 'Replace', { etag, abortSignal }),
      ),
    async remove(partitionKey, rowKey, etag) {
      await retry(async (_attempt, abortSignal) => {
        try {
          await client.deleteEntity(partitionKey, rowKey, { etag, abortSignal });
        } catch (error) {
          if (statusOf(error) === 404) return;
          if (!isOneOf(CHANGED, error)) throw error;
          throw new ConflictError(`Row ${partitionKey}/${rowKey} was changed by another.`, { cause: error });
        }
      });
    },
    async insertMissing(rows) {
      let missing = [...rows];
      while (missing.length > 0) {
        try {
          await insertTransaction(missing.slice(0, TRANSACTION_ROWS));
          missing = missing.slice(TRANSACTION_ROWS);
        } catch (error) {
          if (!(error instanceof ConflictError)) throw error;
          missing = await withoutExisting(missing, list);
        }
      }
    },
    list,
  };
}

/** The rows that a table does not hold yet. */
async function withoutExisting(rows: readonly TableRow[], list: TableStore['list']): Promise<TableRow[]> {
  const keys = rows.map(({ rowKey }) => rowKey).sort();
  const [first] = rows;
  const existing = new Set<string>();
  if (first === undefined) return [];
  // A row key that sorts right behind the last one makes the range inclusive.
  const range = { partitionKey: first.partitionKey, from: keys[0] ?? '', to: `${keys.at(-1)} ` };
  for await (const { row } of list(range)) existing.add(row.rowKey);
  return rows.filter(({ rowKey }) => !existing.has(rowKey));
}

/** Whole numbers beyond 32 bits must be told to the service as Int64, or it takes them for floating point. */
function toEntity(row: TableRow): Entity {
  const entity: Entity = { partitionKey: row.partitionKey, rowKey: row.rowKey };
  for (const [name, value] of Object.entries(row)) {
    if (value === undefined) continue;
    const wide = typeof value === 'number' && Number.isSafeInteger(value) && Math.abs(value) >= INT32;
    entity[name] = wide ? BigInt(value) : value;
  }
  return entity;
}

function toStoredRow({ etag, timestamp: _timestamp, ...entity }: TableEntityResult<object>): StoredRow {
  const row: Record<string, TableValue> = {};
  for (const [name, value] of Object.entries(entity)) {
    if (name === WRITE_MARK || name.startsWith('odata.')) continue;
    row[name] = typeof value === 'bigint' ? Number(value) : (value as TableValue);
  }
  return { row: row as TableRow, etag };
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const literal = (value: string | boolean): string =>
  typeof value === 'string' ? quoted(value) : String(value);

function filterOf({ partitionKey, from, to, where }: Parameters<TableStore['list']>[0]): string {
  return [
    ...(partitionKey === undefined ? [] : [`PartitionKey eq ${quoted(partitionKey)}`]),
    ...(from === undefined ? [] : [`RowKey ge ${quoted(from)}`]),
    ...(to === undefined ? [] : [`RowKey lt ${quoted(to)}`]),
    ...Object.entries(where ?? {}).map(([name, value]) => `${name} eq ${literal(value)}`),
  ].join(' and ');
}
