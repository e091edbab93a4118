/** What the simulated service knows and how it behaves. Every field has a default. */
export type SimulatorOptions = {
  /** For rules with a percentage. */
  readonly seed?: number;
  /** Wait before every answer of the connector API, ms. */
  readonly latencyMs?: number;
  /** Fault specification; see faultSpec.ts. */
  readonly faults?: string;
  /** Every accepted body part is written to `<folder>/<jobId>/<n>.txt`, n from 1, before the answer. */
  readonly receivedFolder?: string;
  /** Port of the connector API; 0 for any free one. */
  readonly port?: number;
  readonly tenantId?: string;
  readonly appId?: string;
  readonly secret?: string;
  /** Jobs and the app each belongs to; an app other than `appId` answers 403. */
  readonly jobs?: readonly { readonly jobId: string; readonly appId?: string }[];
  /** A bearer token that is good although it was not issued here. */
  readonly token?: string;
  readonly tokenLifetimeSeconds?: number;
  /** Most records in one request. */
  readonly maxRecords?: number;
  /** Keep the SHA-256 of each accepted part in the journal. */
  readonly digests?: boolean;
};

/** One request as the simulator saw it; holds no record and no token. */
export type JournalEntry = {
  readonly kind: 'signal' | 'token';
  /** From 1, for each kind by itself. */
  readonly number: number;
  /** UTC ms when its head arrived, and when it was answered or dropped. */
  readonly at: number;
  readonly endedAt: number;
  readonly jobId: string;
  /** Status answered; undefined when there was no answer. */
  readonly status?: number;
  /** Text of the fault rule that applied. */
  readonly fault?: string;
  /** The service has the records. */
  readonly accepted: boolean;
  readonly records: number;
  /** What the answer said. */
  readonly recordsSaved?: number;
  /** Of the records as received, header included. */
  readonly bytes: number;
  /** Name of the file in the received folder. */
  readonly file?: string;
  readonly sha256?: string;
};

/** A running simulator, in this process or in its own. */
export interface Simulator {
  /** Base of the connector API, plain http on loopback. */
  readonly url: string;
  /** Base of the token endpoint, https on loopback. */
  readonly authority: string;
  /** PEM that clients of the token endpoint must trust. */
  readonly ca: string;
  readonly tenantId: string;
  readonly appId: string;
  readonly secret: string;
  readonly jobId: string;
  /** Every request so far, in order of their ends. */
  log(): Promise<readonly JournalEntry[]>;
  /** Replace the fault rules; `for=` counts from now, request numbers go on. */
  setFaults(spec: string): Promise<void>;
  /** From now on only this client secret is good. */
  setSecret(secret: string): Promise<void>;
  /** Tokens issued so far are expired. */
  expireTokens(): Promise<void>;
  close(): Promise<void>;
}

/** What a simulator is when nothing else is said; none of it is secret. */
export const DEFAULTS = {
  tenantId: '11111111-1111-4111-8111-111111111111',
  appId: '22222222-2222-4222-8222-222222222222',
  secret: 'simulated-client-secret',
  jobId: '33333333-3333-4333-8333-333333333333',
  tokenLifetimeSeconds: 3600,
  maxRecords: 100_000,
} as const;
