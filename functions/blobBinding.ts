import type { ModelBindingData } from '@azure/functions-extensions-base';
import base from '@azure/functions-extensions-base';

/** A blob as a binding with `sdkBinding: true` names it. */
export type BlobReference = {
  /** The app setting, or the prefix of app settings, that the binding's `connection` names. */
  readonly connection: string;
  readonly containerName: string;
  readonly blobName: string;
};

const SOURCE = 'AzureStorageBlobs';

/**
 * Lets functions with a blob trigger and `sdkBinding: true` be given a BlobReference, never content: an export may be
 * larger than memory. Called once, before the app starts. The clients are the app's own.
 */
export function registerBlobBinding(): void {
  base.ResourceFactoryResolver.getInstance().registerResourceFactory(SOURCE, (data) => {
    if (Array.isArray(data)) throw new Error('Several blobs in one invocation are not supported.');
    return parseReference(data);
  });
}

function parseReference({ content }: ModelBindingData): BlobReference {
  const { Connection, ContainerName, BlobName } = JSON.parse(content?.toString() ?? '{}') as Record<
    string,
    unknown
  >;
  if (typeof Connection !== 'string' || typeof ContainerName !== 'string' || typeof BlobName !== 'string') {
    throw new Error('The host named no blob in its binding data.');
  }
  return { connection: Connection, containerName: ContainerName, blobName: BlobName };
}
