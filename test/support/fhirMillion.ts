import { collectFhirAudit, type CollectorSettings } from '../../shared/fhir/collector.ts';
import type { CollectorBlobs } from '../../shared/fhir/settleSlice.ts';
import type { BlobFacts } from '../../shared/storage/blobs.ts';
import { auditLine, CONTAINER, HOUR, hourBlob, testCollector } from './fhirLog.ts';

/**
 * Collects an hour of as many entries as the first argument says, made as they are read, on a blob store that keeps nothing.
 * Prints records, quarantined accesses and the highest resident memory (bytes) as JSON. Run in a process of its own.
 */
const entries = Number(process.argv[2]);
const PIECE = 500;

/** Beginnings come 200 requests before their ends, so that many are under way. */
const UNDER_WAY = 200;
const requests = entries / 2;
const parts = (result: string): string[] => auditLine({ id: 'c@', path: '/Patient/p@', result }).split('@');
const [begun, ended] = [parts('Started'), parts('Succeeded')];
const lineOf = ([first, second, third]: string[], index: number): string =>
  `${first}${index}${second}${index % 30_000}${third}\n`;

function* lines(): Generator<string> {
  for (let index = 0; index < requests + UNDER_WAY; index++) {
    if (index < requests) yield lineOf(begun!, index);
    if (index >= UNDER_WAY) yield lineOf(ended!, index - UNDER_WAY);
  }
}
function* pieces(): Generator<Buffer> {
  let text = '';
  let count = 0;
  for (const line of lines()) {
    text += line;
    if (++count % PIECE !== 0) continue;
    yield Buffer.from(text);
    text = '';
  }
  yield Buffer.from(text);
}

let bytes = 0;
for (const piece of pieces()) bytes += piece.length;
let peak = 0;
let written = 0;
const { services, settings } = testCollector().parts();
const hour: BlobFacts & { name: string } = {
  name: hourBlob(HOUR),
  etag: '"1"',
  bytes,
  modifiedAt: HOUR,
  metadata: {},
};
const blobs: CollectorBlobs = {
  facts: (address) => services.blobs.facts(address),
  async *list() {
    yield hour;
  },
  async *read(address, range) {
    if (address.container !== CONTAINER) {
      yield* services.blobs.read(address, range);
      return;
    }
    for (const piece of pieces()) {
      peak = Math.max(peak, process.memoryUsage.rss());
      yield piece;
    }
  },
  async write(address, content, options) {
    if (content instanceof Uint8Array) return services.blobs.write(address, content, options);
    for await (const piece of content) written += piece.length;
    return hour;
  },
  remove: (address) => services.blobs.remove(address),
};
const run = await collectFhirAudit({ ...services, blobs }, settings satisfies CollectorSettings, {
  owner: 'one',
  budgetMs: 3_600_000,
  claimMs: 120_000,
});
const counts = run.slices[0]!.counts;
console.log(
  JSON.stringify({
    bytes,
    written,
    entries: counts.entries,
    records: counts.records,
    quarantined: counts.quarantined,
    peak,
  }),
);
