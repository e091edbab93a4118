import type { LogFields } from '../../shared/log.ts';
import { NO_TELEMETRY, type Telemetry } from '../../shared/telemetry/telemetry.ts';

/** Telemetry that a test can read. */
export type RecordedTelemetry = Telemetry & {
  readonly spans: { name: string; fields: LogFields; failed?: string }[];
  readonly figures: { metric: string; value: number; fields: LogFields }[];
  readonly lines: { level: string; event: string; attributes: Readonly<Record<string, unknown>> }[];
};

export function recordedTelemetry(): RecordedTelemetry {
  const spans: RecordedTelemetry['spans'] = [];
  const figures: RecordedTelemetry['figures'] = [];
  const lines: RecordedTelemetry['lines'] = [];
  return {
    ...NO_TELEMETRY,
    spans,
    figures,
    lines,
    inSpan(name, { fields = {} }, work) {
      const span: RecordedTelemetry['spans'][number] = { name, fields };
      spans.push(span);
      return work({
        set: (more) => void (span.fields = { ...span.fields, ...more }),
        fail: (code) => void (span.failed = code),
      });
    },
    measure: (metric, value, fields = {}) => void figures.push({ metric, value, fields }),
    log: (level, event, attributes) => void lines.push({ level, event, attributes }),
  };
}
