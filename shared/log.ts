/** What a log line, a trace or a metric may carry. Anything else is dropped by the telemetry layer (allow-list). */
export type LogFields = {
  readonly exportId?: string;
  readonly connector?: string;
  readonly blobName?: string;
  readonly chunk?: number;
  readonly batch?: number;
  readonly records?: number;
  readonly firstRecord?: number;
  readonly line?: number;
  readonly bytes?: number;
  readonly state?: string;
  readonly code?: string;
  readonly status?: number;
  readonly attempt?: number;
  readonly count?: number;
  /** What a run of the sweep found to do: messages sent, splits resumed, exports started and ended. */
  readonly messages?: number;
  readonly resumed?: number;
  readonly started?: number;
  readonly ended?: number;
  readonly delayMs?: number;
  readonly durationMs?: number;
  readonly dueAt?: string;
  readonly reason?: string;
  readonly errorName?: string;
  /** Who asked for something: the object id of a principal, or `key`; never a name. */
  readonly actor?: string;
};

/** Structured log with stable event names (`export.received`, `chunk.parked`, …); never a message made of data. */
export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}
