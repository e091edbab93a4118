import type { HostTimes } from './hostContext.ts';

/** What the functions process is told at its start, as JSON in `LOCAL_HOST`; its settings are its environment. */
export type HostStart = {
  readonly appFolder: string;
  readonly times: HostTimes;
  readonly instanceId: string;
  readonly port: number;
};

/** What the functions process reports. Names and numbers only. */
export type HostReport =
  | { readonly kind: 'ready'; readonly port: number }
  | { readonly kind: 'loadFailed'; readonly message: string }
  | {
      readonly kind: 'invocation';
      readonly event: 'started' | 'succeeded' | 'failed';
      readonly functionName: string;
    }
  | { readonly kind: 'memory'; readonly peakRssBytes: number };

/** The environment variable that holds a HostStart. */
export const HOST_START = 'LOCAL_HOST';
