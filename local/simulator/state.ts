import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type FaultRule, parseFaults } from './faultSpec.ts';
import { type Faced, faultFor } from './faultPlan.ts';
import { IssuedTokens } from './tokens.ts';
import { DEFAULTS, type JournalEntry, type SimulatorOptions } from './types.ts';

/** What both endpoints of the simulator share: identity, jobs, tokens, fault rules, journal and the received folder. */
export class SimulatorState {
  readonly tenantId: string;
  readonly appId: string;
  readonly jobs: ReadonlyMap<string, string>;
  readonly tokens = new IssuedTokens();
  readonly tokenLifetimeSeconds: number;
  readonly latencyMs: number;
  readonly maxRecords: number;
  readonly digests: boolean;
  readonly journal: JournalEntry[] = [];
  secret: string;
  readonly #seed: number;
  readonly #receivedFolder: string | undefined;
  readonly #files = new Map<string, Promise<{ next: number }>>();
  #rules: readonly FaultRule[];
  #rulesSince = performance.now();

  /** @throws {SettingsError} when the fault specification is wrong */
  constructor(options: SimulatorOptions) {
    this.tenantId = options.tenantId ?? DEFAULTS.tenantId;
    this.appId = options.appId ?? DEFAULTS.appId;
    this.secret = options.secret ?? DEFAULTS.secret;
    const jobs = options.jobs ?? [{ jobId: DEFAULTS.jobId }];
    this.jobs = new Map(jobs.map(({ jobId, appId }) => [jobId, appId ?? this.appId]));
    this.tokenLifetimeSeconds = options.tokenLifetimeSeconds ?? DEFAULTS.tokenLifetimeSeconds;
    this.latencyMs = options.latencyMs ?? 0;
    this.maxRecords = options.maxRecords ?? DEFAULTS.maxRecords;
    this.digests = options.digests ?? false;
    this.#seed = options.seed ?? 1;
    this.#receivedFolder = options.receivedFolder;
    this.#rules = parseFaults(options.faults ?? '');
    if (options.token !== undefined) this.tokens.add(options.token, this.appId, 10 * 365 * 86_400);
  }

  setFaults(spec: string): void {
    this.#rules = parseFaults(spec);
    this.#rulesSince = performance.now();
  }

  fault(endpoint: 'signal' | 'token', request: Omit<Faced, 'elapsedMs'>): FaultRule | undefined {
    const rules = this.#rules.filter(({ kind }) => kind.startsWith('token-') === (endpoint === 'token'));
    return faultFor(rules, this.#seed, { ...request, elapsedMs: performance.now() - this.#rulesSince });
  }

  /** Write an accepted part to the received folder; its file name, or undefined without a folder. */
  async keep(jobId: string, part: Buffer): Promise<string | undefined> {
    if (this.#receivedFolder === undefined) return undefined;
    const folder = join(this.#receivedFolder, jobId);
    let files = this.#files.get(jobId);
    if (!files) {
      files = openFolder(folder);
      this.#files.set(jobId, files);
    }
    const counter = await files;
    const name = `${counter.next}.txt`;
    counter.next += 1;
    await writeFile(join(folder, name), part);
    return name;
  }
}

/** Numbers go on where an interrupted run left off: what it received is evidence, never overwritten. */
async function openFolder(folder: string): Promise<{ next: number }> {
  await mkdir(folder, { recursive: true });
  const numbers = (await readdir(folder)).map((name) => Number(/^(\d+)\.txt$/.exec(name)?.[1] ?? 0));
  return { next: numbers.reduce((highest, n) => Math.max(highest, n), 0) + 1 };
}
