import { createHash } from 'node:crypto';
import type { Log, LogFields } from '../log.ts';
import { allowedFields } from './fields.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Gets one line of JSON: the event's name and its allowed fields. */
export type LogSink = (level: LogLevel, line: string) => void;

/** A log whose every line passes the allow-list. @param hashNames show hashes in the place of blob names */
export function createLog(sink: LogSink, hashNames: boolean): Log {
  const nameOf = hashNames ? hashName : (name: string): string => name;
  const at =
    (level: LogLevel) =>
    (event: string, fields: LogFields = {}): void =>
      sink(level, JSON.stringify({ event, ...allowedFields(fields, nameOf) }));
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** The first 16 hex digits of a name's SHA-256: enough to tell names apart, nothing to read. */
export const hashName = (name: string): string =>
  createHash('sha256').update(name).digest('hex').slice(0, 16);
