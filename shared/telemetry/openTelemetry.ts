import { hashName } from './log.ts';
import { NO_TELEMETRY, type Telemetry } from './telemetry.ts';

export type TelemetrySettings = {
  /** Without it there is no telemetry, and its library is not even loaded. */
  readonly connectionString?: string;
  readonly authentication?: string;
  readonly hashBlobNames: boolean;
};

/** The telemetry that the settings ask for. */
export async function openTelemetry(settings: TelemetrySettings): Promise<Telemetry> {
  const { connectionString, authentication, hashBlobNames } = settings;
  if (connectionString === undefined) return NO_TELEMETRY;
  const { openAzureMonitor } = await import('./azureMonitor.ts');
  return openAzureMonitor({
    connectionString,
    nameOf: hashBlobNames ? hashName : (name) => name,
    ...(authentication === undefined ? {} : { authentication }),
  });
}
