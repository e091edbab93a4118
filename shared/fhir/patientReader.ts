import { LRUCache } from 'lru-cache';
import { backoff } from '../backoff.ts';
import type { Clock, Random } from '../clock.ts';
import { parseRetryAfter } from '../connector/retryAfter.ts';
import { PipelineError } from '../errors.ts';
import { auditHeaders } from './auditHeaders.ts';
import { OWN_HEADER, OWN_MARK } from './ownReads.ts';
import { patientFields, type Patient } from './patientFields.ts';
import type { RecordValues } from './recordFields.ts';

/** The FHIR service cannot be asked: nothing was quarantined, the same slice is taken again by the next run. */
export class FhirServiceError extends PipelineError {}

/** An answer of the FHIR service; `retryAfter` and `date` are its headers of these names. */
export type FhirAnswer = {
  readonly status: number;
  readonly retryAfter?: string;
  readonly date?: string;
  readonly text: string;
};

/** One GET, no redirects followed, no retries. */
export type FhirGet = (
  url: string,
  headers: Readonly<Record<string, string>>,
  signal?: AbortSignal,
) => Promise<FhirAnswer>;

export type PatientReaderOptions = {
  /** Base of the FHIR service, without a slash at the end. */
  readonly baseUrl: string;
  readonly get: FhirGet;
  /** Bearer token for the service; `renew` asks for one that was not cached. */
  readonly token: (renew: boolean) => Promise<string>;
  readonly clock: Clock;
  readonly random: Random;
  /** Requests begun in a second, at most. */
  readonly requestsPerSecond: number;
};

/** Ids asked for in one request: 100 ids of 64 characters stay under the usual 8 KB of a request line. */
const IDS_PER_REQUEST = 100;
/** Patients remembered; some 1 KB each. */
const CACHED = 20_000;
const ATTEMPTS = 7;
const BACKOFF_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

/** What became of a request; with `error` when no answer came: `status` is 0 then. */
type Attempt = FhirAnswer & { readonly error?: unknown };

type Bundle = {
  readonly entry?: readonly { readonly resource?: Partial<Patient> }[];
  readonly link?: readonly { readonly relation: string; readonly url: string }[];
};

/** Reads patients, many at a time, paced, retried, each once while the cache remembers it. Make one for each run. */
export class PatientReader {
  readonly #options: PatientReaderOptions;
  readonly #cache = new LRUCache<string, RecordValues | 'gone'>({ max: CACHED });
  /** By the monotonic clock, ms. */
  #nextAt = 0;
  #requests = 0;

  constructor(options: PatientReaderOptions) {
    this.#options = options;
  }

  /** Requests sent so far, repetitions included. */
  get requests(): number {
    return this.#requests;
  }

  /**
   * Name and address of each patient; one that the service does not have (or no longer) is not in the result.
   * @throws {FhirServiceError} when the service does not answer or refuses, after retries where these can help
   */
  async read(ids: Iterable<string>, signal?: AbortSignal): Promise<ReadonlyMap<string, RecordValues>> {
    const known = new Map<string, RecordValues | 'gone'>();
    const missing: string[] = [];
    for (const id of new Set(ids)) {
      const cached = this.#cache.get(id);
      if (cached === undefined) missing.push(id);
      else known.set(id, cached);
    }
    for (let at = 0; at < missing.length; at += IDS_PER_REQUEST) {
      const asked = missing.slice(at, at + IDS_PER_REQUEST);
      const found = await this.#search(asked, signal);
      for (const id of asked) {
        const patient = found.get(id) ?? 'gone';
        this.#cache.set(id, patient);
        known.set(id, patient);
      }
    }
    return new Map([...known].filter((entry): entry is [string, RecordValues] => entry[1] !== 'gone'));
  }

  async #search(ids: readonly string[], signal: AbortSignal | undefined): Promise<Map<string, RecordValues>> {
    const found = new Map<string, RecordValues>();
    const first = `${this.#options.baseUrl}/Patient?_id=${ids.join(',')}&_count=${ids.length}`;
    const origin = new URL(first).origin;
    // A page holds one patient at least, so there are no more pages than ids.
    let url: string | undefined = first;
    for (let page = 0; url !== undefined && page < ids.length; page++) {
      const bundle: Bundle = await this.#get(url, signal);
      for (const { resource } of bundle.entry ?? [])
        if (resource?.resourceType === 'Patient' && resource.id !== undefined)
          found.set(resource.id, patientFields(resource as Patient));
      const next = bundle.link?.find(({ relation }) => relation === 'next')?.url;
      // The token goes to the configured service and nowhere else.
      url = next !== undefined && new URL(next, first).origin === origin ? next : undefined;
    }
    return found;
  }

  async #get(url: string, signal: AbortSignal | undefined): Promise<Bundle> {
    const { get, token, clock, random } = this.#options;
    let renew = false;
    for (let attempt = 1; ; attempt++) {
      await this.#pace(signal);
      this.#requests++;
      const headers = {
        accept: 'application/fhir+json',
        authorization: `Bearer ${await token(renew)}`,
        ...auditHeaders({ [OWN_HEADER]: OWN_MARK }),
      };
      const answer: Attempt = await get(url, headers, signal).catch((error: unknown) => {
        signal?.throwIfAborted();
        return { status: 0, text: '', error };
      });
      if (answer.status === 200) {
        const bundle = parseBundle(answer.text);
        if (bundle !== undefined) return bundle;
      }
      const status = answer.status;
      const again =
        status === 401 ? !renew : status < 400 || status === 408 || status === 429 || status >= 500;
      if (!again || attempt >= ATTEMPTS) throw refused(answer);
      if (status === 401) {
        renew = true;
        continue;
      }
      const asked = parseRetryAfter(answer.retryAfter, answer.date, clock.now()) ?? 0;
      const delay = backoff(attempt, BACKOFF_MS, LONGEST_WAIT_MS, random);
      await clock.sleep(Math.min(LONGEST_WAIT_MS, Math.max(asked, delay)), signal);
    }
  }

  /** Spaces the beginnings of requests evenly. */
  async #pace(signal: AbortSignal | undefined): Promise<void> {
    const { clock, requestsPerSecond } = this.#options;
    const now = clock.monotonic();
    const at = Math.max(now, this.#nextAt);
    this.#nextAt = at + 1000 / requestsPerSecond;
    if (at > now) await clock.sleep(at - now, signal);
  }
}

function parseBundle(text: string): Bundle | undefined {
  try {
    const bundle = JSON.parse(text) as { resourceType?: unknown } | null;
    return bundle?.resourceType === 'Bundle' ? (bundle as Bundle) : undefined;
  } catch {
    return undefined;
  }
}

function refused({ status, error }: Attempt): FhirServiceError {
  const configuration = status === 401 || status === 403;
  return new FhirServiceError(
    {
      code: configuration ? 'FHIR_FORBIDDEN' : status === 0 ? 'FHIR_UNREACHABLE' : 'FHIR_FAILED',
      ...(status === 0 ? {} : { status }),
      cause: `The FHIR service ${status === 0 ? 'could not be reached' : `answered ${status}`} when asked for patients.`,
      cure: configuration
        ? 'Give the identity of the functions the role "FHIR Data Reader" on the FHIR service and check FHIR_URL.'
        : 'Check FHIR_URL and the state of the FHIR service; the next run takes the same hours again.',
    },
    error === undefined ? {} : { cause: error },
  );
}
