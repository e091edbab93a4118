import type { LogFields } from '../log.ts';
import type { Attributes } from './fields.ts';
import type { MetricName } from './metrics.ts';

/** Every span there is. Names are fixed, so that no name can carry data. */
export const SPAN_NAMES = [
  'export.receive',
  'chunk.push',
  'chunk.poisoned',
  'ledger.sweep',
  'connector.post',
] as const;
export type SpanName = (typeof SPAN_NAMES)[number];

export type SpanStart = {
  /** `consumer` for what a message began, `client` for a request to another service, `internal` for the rest. */
  readonly kind: 'consumer' | 'client' | 'internal';
  /** W3C traceparent of the span that caused this one, where that is not the current span. */
  readonly parent?: string;
  /** W3C traceparent of a span to name beside the parent: the host's own for the invocation. */
  readonly link?: string;
  readonly fields?: LogFields;
};

/** What a piece of work may say about itself. */
export type Span = {
  set(fields: LogFields): void;
  /** It ended badly, without an error being thrown. */
  fail(code: string): void;
};

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Traces, metrics and exported logs. Everything given passes the allow-list; what is not on it is dropped. */
export interface Telemetry {
  /** Run work as a span; an error marks it failed with the error's class and our code, and is thrown on. */
  inSpan<T>(name: SpanName, start: SpanStart, work: (span: Span) => Promise<T>): Promise<T>;
  /** W3C traceparent of the current span; undefined outside of one. */
  traceparent(): string | undefined;
  measure(metric: MetricName, value: number, fields?: LogFields): void;
  /** Export a log line. @param attributes have passed the allow-list */
  log(level: LogLevel, event: string, attributes: Attributes): void;
  /** Send what is held back, and end. */
  close(): Promise<void>;
}

const NO_SPAN: Span = { set: () => undefined, fail: () => undefined };

/** Telemetry that goes nowhere: no connection string is set. */
export const NO_TELEMETRY: Telemetry = {
  inSpan: (_name, _start, work) => work(NO_SPAN),
  traceparent: () => undefined,
  measure: () => undefined,
  log: () => undefined,
  close: () => Promise.resolve(),
};
