import { createHash } from 'node:crypto';
import type { Log, LogFields } from '../log.ts';
import { allowedFields, type Attributes } from './fields.ts';
import { dimensionsOf, figureOf } from './metrics.ts';
import { NO_TELEMETRY, type LogLevel, type Telemetry } from './telemetry.ts';

/** Gets one line of JSON: the event's name and its allowed fields. */
export type LogSink = (level: LogLevel, line: string) => void;

/**
 * A log whose every line passes the allow-list, on its way to the sink as to the telemetry; figures that events tell are measured.
 *
 * @param hashNames show hashes in the place of blob names
 */
export function createLog(
  sink: LogSink,
  hashNames: boolean,
  telemetry: Pick<Telemetry, 'log' | 'measure'> = NO_TELEMETRY,
): Log {
  const nameOf = hashNames ? hashName : (name: string): string => name;
  const at =
    (level: LogLevel) =>
    (event: string, fields: LogFields = {}): void => {
      const attributes: Attributes = allowedFields(fields, nameOf);
      sink(level, JSON.stringify({ event, ...attributes }));
      telemetry.log(level, event, attributes);
      const figure = figureOf(event, fields);
      if (figure) telemetry.measure(figure.metric, figure.value, dimensionsOf(fields));
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** The first 16 hex digits of a name's SHA-256: enough to tell names apart, nothing to read. */
export const hashName = (name: string): string =>
  createHash('sha256').update(name).digest('hex').slice(0, 16);
