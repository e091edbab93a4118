import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The part of host.json that is served here, with the defaults of the real host. Times in ms. */
export type HostConfig = {
  readonly functionTimeoutMs: number;
  readonly queues: {
    readonly batchSize: number;
    readonly newBatchThreshold: number;
    readonly maxDequeueCount: number;
    /** How long a message that failed stays hidden before it is tried again. */
    readonly visibilityTimeoutMs: number;
    readonly base64: boolean;
  };
  readonly blobs: { readonly maxDegreeOfParallelism: number; readonly poisonBlobThreshold: number };
  readonly http: { readonly routePrefix: string };
};

type HostJson = {
  functionTimeout?: string;
  extensions?: {
    queues?: {
      batchSize?: number;
      newBatchThreshold?: number;
      maxDequeueCount?: number;
      visibilityTimeout?: string;
      messageEncoding?: string;
    };
    blobs?: { maxDegreeOfParallelism?: number; poisonBlobThreshold?: number };
    http?: { routePrefix?: string };
  };
};

/** Reads host.json of the app. @throws {Error} naming the property that cannot be understood */
export async function readHostConfig(folder: string): Promise<HostConfig> {
  const json = JSON.parse(await readFile(join(folder, 'host.json'), 'utf8')) as HostJson;
  const { queues, blobs, http } = json.extensions ?? {};
  const batchSize = queues?.batchSize ?? 16;
  return {
    functionTimeoutMs: timespan(json.functionTimeout ?? '00:30:00', 'functionTimeout'),
    queues: {
      batchSize,
      newBatchThreshold: queues?.newBatchThreshold ?? Math.floor(batchSize / 2),
      maxDequeueCount: queues?.maxDequeueCount ?? 5,
      visibilityTimeoutMs: timespan(
        queues?.visibilityTimeout ?? '00:00:00',
        'extensions.queues.visibilityTimeout',
      ),
      base64: (queues?.messageEncoding ?? 'base64') === 'base64',
    },
    blobs: {
      maxDegreeOfParallelism: blobs?.maxDegreeOfParallelism ?? 8,
      poisonBlobThreshold: blobs?.poisonBlobThreshold ?? 5,
    },
    http: { routePrefix: http?.routePrefix ?? 'api' },
  };
}

/** `[d.]hh:mm:ss[.fff]`; `-1` is unbounded. */
function timespan(text: string, property: string): number {
  if (text === '-1') return Infinity;
  const match = /^(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2}(?:\.\d+)?)$/.exec(text);
  if (match === null) throw new Error(`host.json: ${property} is "${text}", expected hh:mm:ss.`);
  const [days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
  ];
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}
