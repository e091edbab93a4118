import { readFile } from 'node:fs/promises';
import { BlobServiceClient } from '@azure/storage-blob';
import { AUDIT_CONTAINER } from '../../shared/fhir/auditBlobs.ts';
import type { SeededFhir, SeedOptions } from '../../local/fhir/run.ts';
import type { CanaryPast } from './canaryFhir.ts';

/** In the place of local/fhir/run.ts: writes the past that lies in the file `CANARY_PAST`; the service itself runs elsewhere. */
export async function seedFhir({ connectionString }: SeedOptions): Promise<SeededFhir> {
  const past = JSON.parse(await readFile(process.env['CANARY_PAST'] ?? '', 'utf8')) as CanaryPast;
  const container =
    BlobServiceClient.fromConnectionString(connectionString).getContainerClient(AUDIT_CONTAINER);
  await container.createIfNotExists();
  for (const { name, content } of past.blobs)
    await container.getBlockBlobClient(name).uploadData(Buffer.from(content, 'base64'));
  const done = (): Promise<void> => Promise.resolve();
  const { settings, exportNames } = past;
  return {
    fhirUrl: settings['FHIR_URL'] ?? '',
    settings,
    accesses: [],
    exportNames,
    flush: done,
    forget: done,
    stop: done,
  };
}
