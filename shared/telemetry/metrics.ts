import type { LogFields } from '../log.ts';

/** Every metric there is, with how it is gathered. */
export const METRICS = {
  'records.accepted': { kind: 'counter', unit: '{record}', description: 'Records the connector accepted' },
  'records.refused': { kind: 'counter', unit: '{record}', description: 'Records set aside in quarantine' },
  requests: {
    kind: 'counter',
    unit: '{request}',
    description: 'Requests to the connector, by outcome class',
  },
  'answers.strange': {
    kind: 'counter',
    unit: '{answer}',
    description: 'Successes in an answer that the service would not give',
  },
  'request.duration': {
    kind: 'histogram',
    unit: 'ms',
    description: 'From the first byte sent to the answer',
  },
  'batches.inFlight': {
    kind: 'histogram',
    unit: '{request}',
    description: 'Requests in flight in this instance, as each began',
  },
  'pace.limit': {
    kind: 'histogram',
    unit: '{request}',
    description: 'Requests the pacing allowed at once, as each began',
  },
  'export.lag': { kind: 'histogram', unit: 's', description: 'From the arrival of an export to its end' },
} as const satisfies Record<string, { kind: 'counter' | 'histogram'; unit: string; description: string }>;
export type MetricName = keyof typeof METRICS;

/** Fields by which metrics are told apart; few values each, none of a record. */
const DIMENSIONS = ['connector', 'code', 'state'] as const;

export const dimensionsOf = (fields: LogFields): LogFields =>
  Object.fromEntries(
    DIMENSIONS.flatMap((name) => (fields[name] === undefined ? [] : [[name, fields[name]]])),
  );

export type Figure = { readonly metric: MetricName; readonly value: number };

/** The figure that an event of the log tells: what is logged once need not be counted in a second place. */
export function figureOf(event: string, { records, count, durationMs }: LogFields): Figure | undefined {
  if (event === 'batch.accepted') return figure('records.accepted', records);
  if (event === 'chunk.settled') return figure('records.refused', count);
  if (event === 'batch.strangeAnswer') return figure('answers.strange', 1);
  if (event === 'export.ended') return figure('export.lag', durationMs && durationMs / 1000);
  return undefined;
}

const figure = (metric: MetricName, value: number | undefined): Figure | undefined =>
  value === undefined || value === 0 ? undefined : { metric, value };
