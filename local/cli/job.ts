import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { counted } from '../../shared/counted.ts';
import type { Reason } from '../../shared/errors.ts';
import { CONTAINERS, exportId } from '../../shared/ledger/model.ts';
import { seedFhir, type SeededFhir } from '../fhir/run.ts';
import { printable } from './console.ts';
import { requireSpace } from './freeSpace.ts';
import { unlessAborted } from './interrupt.ts';
import type { Input } from './inputs.ts';
import { SAMPLE_RECORDS, writeExport } from './sample.ts';
import type { Source, Stack } from './stack.ts';
import { Uploads } from './uploads.ts';
import type { Followed } from './watchRun.ts';

/** An export of a run: refused, or followed, or neither as long as it was not uploaded. */
export type JobExport = {
  readonly name: string;
  readonly refused?: Reason;
  readonly followed?: Followed;
};

/** What a run is about. */
export type Job = {
  /** In the order of the results. */
  readonly exports: readonly JobExport[];
  /** Every export has ended: what would let an interrupted run go on is no longer needed. */
  finished(): Promise<void>;
};

const FHIR_ACCESSES = 2_000;
const FHIR_USERS = 50;

type JobFlags = {
  readonly out: string;
  readonly seed: number;
  readonly connector: string;
  readonly again?: boolean;
};

/**
 * Upload the given files; without any, a generated sample that is sent however often it was sent before.
 *
 * @param signal aborted by Ctrl-C: ends the upload under way, and begins none
 * @param exports filled as it goes, so that the caller knows how far it came when this throws
 */
export async function fileJob(
  stack: Pick<Stack, 'connectionString' | 'ledger'>,
  inputs: readonly Input[],
  flags: JobFlags,
  say: (line: string) => void,
  signal: AbortSignal,
  exports: JobExport[] = [],
): Promise<Job> {
  const uploads = new Uploads(stack.connectionString, stack.ledger, flags.connector);
  const sample = inputs.length === 0 && !signal.aborted ? await sampleInput(flags, say) : undefined;
  const unfinished = await stack.ledger.unfinished(flags.connector);
  for (const [index, input] of (sample ? [sample] : inputs).entries()) {
    const { name, refused, bytes } = input;
    exports[index] = { name, ...(refused && { refused }) };
    if (refused) continue;
    if (!unfinished.some(({ blobName }) => path.posix.basename(blobName) === name)) {
      await requireSpace(flags.out, bytes);
    }
    const uploaded = await unlessAborted(signal, () =>
      uploads.put(input, flags.again ?? sample !== undefined, signal),
    );
    if (uploaded === undefined) continue;
    exports[index] = { name, followed: { name, exportId: () => Promise.resolve(uploaded.exportId) } };
    const words = uploaded.resumed ? 'an interrupted run goes on' : `uploaded, ${counted(bytes, 'byte')}`;
    say(`${printable(name)}: ${words}.`);
  }
  return {
    exports,
    finished: async () => {
      if (sample) await rm(sample.file, { force: true });
    },
  };
}

/** The sample lies in the output folder until it has arrived, so that an interrupted run goes on with the same one. */
async function sampleInput({ out, seed }: JobFlags, say: (line: string) => void): Promise<Input> {
  const name = `sample-${seed}.csv`;
  const file = path.join(out, name);
  const known = await stat(file).catch(() => undefined);
  if (known) return { file, name, bytes: known.size };
  say(`Generating a sample export of ${counted(SAMPLE_RECORDS, 'record')}.`);
  return { file, name, bytes: await writeExport(file, { records: SAMPLE_RECORDS, seed }) };
}

/** A FHIR service with a past, from which the collector makes exports by itself. */
export class FhirSource implements Source {
  readonly #flags: JobFlags;
  #seeded: SeededFhir | undefined;

  constructor(flags: JobFlags) {
    this.#flags = flags;
  }

  async start(
    connectionString: string,
    say: (line: string) => void,
  ): Promise<Readonly<Record<string, string>>> {
    const { out, seed, connector } = this.#flags;
    say(
      `A FHIR service is up; ${counted(FHIR_USERS, 'user')} open patients ${counted(FHIR_ACCESSES, 'time')}.`,
    );
    this.#seeded = await seedFhir({
      connectionString,
      records: FHIR_ACCESSES,
      users: FHIR_USERS,
      seed,
      connector,
      stateFile: path.join(out, 'fhir.json'),
    });
    return this.#seeded.settings;
  }

  /** The exports that the collector will write, known by their names before they are there. */
  job({ storage }: Stack): Job {
    const exports = (this.#seeded?.exportNames ?? []).map((blobName) => {
      const name = path.posix.basename(blobName);
      const find = async (): Promise<string | undefined> => {
        const facts = await storage.blobs.facts({ container: CONTAINERS.exports, name: blobName });
        return facts && exportId(CONTAINERS.exports, blobName, facts.etag);
      };
      return { name, followed: { name, exportId: find } };
    });
    return { exports, finished: async () => this.#seeded?.forget() };
  }

  async stop(): Promise<void> {
    await this.#seeded?.stop();
  }
}
