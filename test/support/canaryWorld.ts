import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startSimulator } from '../../local/simulator/simulator.ts';
import type { Simulator } from '../../local/simulator/types.ts';
import { canariesIn, canariesUnder, CANARY } from './canaries.ts';
import type { CliRun } from './cli.ts';
import { startIngestion, type Ingestion } from './ingestion.ts';

/** What runs of canaries have in common: a connector whose secret is one, an end for the telemetry, and a look into every corner. */
export type CanaryWorld = {
  readonly folder: string;
  readonly simulator: Simulator;
  readonly ingestion: Ingestion;
  /** For the environment of the command line. */
  readonly settings: NodeJS.ProcessEnv;
  /** Options of `start` that keep a run in the folder `out` and send it to the simulator, in small pieces. */
  argumentsOf(out: string): string[];
  /** What the functions of a run logged. */
  log(out: string): Promise<string>;
  /** Nothing that a run left behind, said or sent holds a canary; exports and quarantine bytes may. */
  assertNoCanary(out: string, run: CliRun, places?: readonly string[]): Promise<void>;
  close(): Promise<void>;
};

/** What a run that came to its end leaves behind, beside exports and quarantine. */
const PLACES = ['logs', 'ledger.json', 'latest.html', '__azurite_db_table__.json', '__queuestorage__'];

export async function startCanaryWorld(): Promise<CanaryWorld> {
  const folder = await mkdtemp(path.join(tmpdir(), 'canary-'));
  const simulator = await startSimulator({
    secret: CANARY.secret,
    receivedFolder: path.join(folder, 'received'),
  });
  const ingestion = await startIngestion();
  return {
    folder,
    simulator,
    ingestion,
    settings: {
      ...ingestion.settings,
      CONNECTOR_HEALTHCARE_TENANT_ID: simulator.tenantId,
      CONNECTOR_HEALTHCARE_APP_ID: simulator.appId,
      CONNECTOR_HEALTHCARE_SECRET: CANARY.secret,
      CONNECTOR_HEALTHCARE_AUTHORITY: simulator.authority,
      CONNECTOR_HEALTHCARE_AUTHORITY_CA: simulator.ca,
      CLAIM_SECONDS: '3',
    },
    argumentsOf: (out) => {
      const options = {
        '--out': path.join(folder, out),
        '--connector-url': simulator.url,
        '--job-id': simulator.jobId,
        '--chunk-records': '60',
        '--records-per-request': '20',
      };
      return ['start', '--json', ...Object.entries(options).flat()];
    },
    log: (out) => readFile(path.join(folder, out, 'logs/functions.log'), 'utf8'),
    assertNoCanary: async (out, run, places = PLACES) => {
      assert.deepEqual(canariesIn(run.stdout + run.stderr), [], 'console');
      assert.deepEqual(canariesIn(ingestion.text()), [], 'telemetry');
      const isHome = (file: string): boolean =>
        file.startsWith(path.join('storage', '__blobstorage__')) || file.startsWith('quarantine');
      const { searched, found } = await canariesUnder(path.join(folder, out), isHome);
      assert.deepEqual(found, []);
      for (const place of places)
        assert.ok(
          searched.some((file) => file.includes(place)),
          `${place} was searched`,
        );
    },
    close: async () => {
      await ingestion.close();
      await simulator.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
