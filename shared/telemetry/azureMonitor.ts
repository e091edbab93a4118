import {
  context,
  metrics,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Link,
  type Meter,
  type Tracer,
} from '@opentelemetry/api';
import { logs, SeverityNumber, type Logger } from '@opentelemetry/api-logs';
import { ManagedIdentityCredential } from '@azure/identity';
import { shutdownAzureMonitor, useAzureMonitor } from 'applicationinsights';
import { factsOf } from '../errorFacts.ts';
import type { LogFields } from '../log.ts';
import { allowedFields, type Attributes } from './fields.ts';
import { METRICS, type MetricName } from './metrics.ts';
import { OPERATION_NAME, redactingLogProcessor, redactingSpanProcessor } from './redactingProcessors.ts';
import type { LogLevel, Span, SpanName, SpanStart, Telemetry } from './telemetry.ts';

const SCOPE = 'ehr-purview-pipeline';

export type AzureMonitorOptions = {
  readonly connectionString: string;
  /** `ClientId=…;Authorization=AAD` as the platform gives it: sign in instead of trusting the key in the connection string. */
  readonly authentication?: string;
  /** How a blob's name is shown: as it is, or hashed. */
  readonly nameOf: (blobName: string) => string;
};

/**
 * Traces, metrics and logs to Application Insights. What is sent is what this file sends: nothing is instrumented by itself, since
 * URLs, headers and bodies would be recorded that way. Every trace is kept: a sampler that drops some drops failures as well.
 * In a file of its own that is loaded when a connection string is set: it is larger than the rest of the app.
 */
export function openAzureMonitor(options: AzureMonitorOptions): Telemetry {
  // Usage statistics of the library itself, sent to its maker.
  process.env['APPLICATION_INSIGHTS_NO_STATSBEAT'] ??= 'true';
  process.env['APPLICATIONINSIGHTS_SDKSTATS_DISABLED'] ??= 'true';
  process.env['OTEL_SERVICE_NAME'] ??= process.env['WEBSITE_SITE_NAME'] ?? SCOPE;
  const off = { enabled: false };
  const { connectionString, authentication, nameOf } = options;
  useAzureMonitor({
    azureMonitorExporterOptions: {
      connectionString,
      disableOfflineStorage: true,
      ...credentialOf(authentication),
    },
    samplingRatio: 1,
    tracesPerSecond: 0,
    enableTraceBasedSamplingForLogs: false,
    enableLiveMetrics: false,
    // The host measures requests and the machine; twice would be once too often.
    enableStandardMetrics: false,
    enablePerformanceCounters: false,
    enableAutoCollectExceptions: false,
    enableAutoCollectPerformance: false,
    instrumentationOptions: {
      http: off,
      azureSdk: off,
      mongoDb: off,
      mySql: off,
      postgreSql: off,
      redis: off,
      redis4: off,
      bunyan: off,
      winston: off,
      console: off,
    },
    spanProcessors: [redactingSpanProcessor],
    logRecordProcessors: [redactingLogProcessor],
  });
  const monitor = new AzureMonitor(nameOf);
  // From here on nobody else in this process can record anything: the storage SDK would, with names and addresses in it.
  trace.disable();
  metrics.disable();
  logs.disable();
  return monitor;
}

function credentialOf(authentication: string | undefined): { credential?: ManagedIdentityCredential } {
  if (!/Authorization=AAD/iu.test(authentication ?? '')) return {};
  const clientId = /ClientId=([^;]+)/iu.exec(authentication ?? '')?.[1];
  return {
    credential: clientId ? new ManagedIdentityCredential({ clientId }) : new ManagedIdentityCredential(),
  };
}

const SEVERITIES: Readonly<Record<Exclude<LogLevel, 'debug'>, SeverityNumber>> = {
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
};

const KINDS = { consumer: SpanKind.CONSUMER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL } as const;

type Measures = Readonly<Record<MetricName, (value: number, attributes: Attributes) => void>>;

class AzureMonitor implements Telemetry {
  readonly #tracer: Tracer = trace.getTracer(SCOPE);
  readonly #logger: Logger = logs.getLogger(SCOPE);
  readonly #measures: Measures;
  readonly #nameOf: (blobName: string) => string;

  constructor(nameOf: (blobName: string) => string) {
    this.#nameOf = nameOf;
    const meter = metrics.getMeter(SCOPE);
    this.#measures = Object.fromEntries(
      (Object.keys(METRICS) as MetricName[]).map((name) => [name, instrument(meter, name)]),
    ) as Measures;
  }

  inSpan<T>(name: SpanName, start: SpanStart, work: (span: Span) => Promise<T>): Promise<T> {
    const parent = start.parent === undefined ? context.active() : remote(start.parent);
    const attributes = {
      ...this.#allowed(start.fields),
      // The exporter takes the name of a request from there, and has none otherwise.
      ...(start.kind === 'consumer' ? { [OPERATION_NAME]: name } : {}),
    };
    const options = { kind: KINDS[start.kind], attributes, links: linksOf(start.link) };
    return this.#tracer.startActiveSpan(name, options, parent, async (span) => {
      const fail = (): void => void span.setStatus({ code: SpanStatusCode.ERROR });
      try {
        return await work({
          set: (fields) => void span.setAttributes(this.#allowed(fields)),
          fail: (code) => {
            span.setAttributes(this.#allowed({ code }));
            fail();
          },
        });
      } catch (error) {
        span.setAttributes(this.#allowed(factsOf(error)));
        fail();
        throw error;
      } finally {
        span.end();
      }
    });
  }

  traceparent(): string | undefined {
    const carrier: { traceparent?: string } = {};
    propagation.inject(context.active(), carrier);
    return carrier.traceparent;
  }

  measure(metric: MetricName, value: number, fields: LogFields = {}): void {
    this.#measures[metric](value, this.#allowed(fields));
  }

  log(level: LogLevel, event: string, attributes: Attributes): void {
    // A span and a metric tell the same already.
    if (level === 'debug') return;
    this.#logger.emit({ severityNumber: SEVERITIES[level], body: event, attributes });
  }

  async close(): Promise<void> {
    // What cannot be sent at the end is lost: telemetry must not keep the app from ending well.
    await shutdownAzureMonitor()?.catch(() => undefined);
  }

  #allowed(fields: LogFields = {}): Attributes {
    return allowedFields(fields, this.#nameOf);
  }
}

function instrument(meter: Meter, name: MetricName): (value: number, attributes: Attributes) => void {
  const { kind, unit, description } = METRICS[name];
  if (kind === 'counter') {
    const counter = meter.createCounter(name, { unit, description });
    return (value, attributes) => counter.add(value, attributes);
  }
  const recorder = meter.createHistogram(name, { unit, description });
  return (value, attributes) => recorder.record(value, attributes);
}

const remote = (traceparent: string): Context => propagation.extract(ROOT_CONTEXT, { traceparent });

function linksOf(traceparent: string | undefined): Link[] {
  const linked = traceparent === undefined ? undefined : trace.getSpanContext(remote(traceparent));
  return linked ? [{ context: linked }] : [];
}
