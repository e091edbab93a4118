import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sourceKey } from '../../shared/fhir/auditBlobs.ts';
import { encryptHeaderValue, parseHeaderKeys } from '../../shared/fhir/headerCipher.ts';
import { DEFAULT_HEADER_TABLE, parseHeaderTable } from '../../shared/fhir/headerTable.ts';
import { CANARY } from './canaries.ts';
import { auditLine, hourBlob, request, SOURCE, type LineFacts } from './fhirLog.ts';

const HOUR_MS = 3_600_000;
const KEY_ID = CANARY.field;
/** 32 bytes that begin with the canary. */
const KEY = Buffer.alloc(32, `${CANARY.secret} and so on`).toString('base64');
const keys = parseHeaderKeys(`${KEY_ID}=${KEY}`)!;
const NAMES = [...new Set(parseHeaderTable(DEFAULT_HEADER_TABLE).map(({ header }) => header))];

/** A past of the FHIR service, as `npm start -- --fhir` is made to take it for that of the service it would start itself. */
export type CanaryPast = {
  readonly settings: Readonly<Record<string, string>>;
  readonly exportNames: readonly string[];
  /** The audit log: names and content in base64. */
  readonly blobs: readonly { readonly name: string; readonly content: string }[];
};

/** What the service does to a request: answers with a status, a page, half an answer, or not at all; all of it quotes the request. */
export type FhirFault = number | 'page' | 'cut' | 'hold';

/** A FHIR service of canaries. */
export type CanaryFhir = {
  readonly url: string;
  /** Does this to the next requests, one each; those after them are answered well. */
  fail(faults: readonly FhirFault[]): void;
  /** Requests that came so far. */
  asked(): number;
  close(): Promise<void>;
};

export async function startCanaryFhir(): Promise<CanaryFhir> {
  let faults: FhirFault[] = [];
  let asked = 0;
  const server = createServer((request, response) => {
    asked++;
    answer(request, response, faults.shift());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fail: (next) => {
      faults = [...next];
    },
    asked: () => asked,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function answer(
  { url = '', headers }: IncomingMessage,
  response: ServerResponse,
  fault: FhirFault | undefined,
): void {
  const ids = new URL(url, 'http://local').searchParams.get('_id')?.split(',') ?? [];
  const entry = ids.filter((id) => !id.endsWith('gone')).map((id) => ({ resource: patientOf(id) }));
  const bundle = JSON.stringify({ resourceType: 'Bundle', entry });
  const echo = `${url} ${headers.authorization ?? ''} ${bundle}`;
  if (fault === 'hold') return;
  if (fault === 'cut') {
    response.writeHead(200, { 'content-length': bundle.length }).write(echo.slice(0, bundle.length / 2));
    setImmediate(() => response.destroy());
  } else if (fault === 'page') response.writeHead(200, { 'content-type': 'text/html' }).end(`<p>${echo}</p>`);
  else if (fault === undefined)
    response.writeHead(200, { 'content-type': 'application/fhir+json' }).end(bundle);
  else {
    const issue = [{ severity: 'error', code: 'exception', diagnostics: echo }];
    response
      .writeHead(fault, `No ${CANARY.field}`, {
        'www-authenticate': `Bearer error="${CANARY.secret}"`,
        location: `https://${CANARY.mail}.example/?${CANARY.field}`,
      })
      .end(JSON.stringify({ resourceType: 'OperationOutcome', issue }));
  }
}

/** A patient whose every field carries a canary; one of an id that ends with `bare` has no address. */
const patientOf = (id: string): object => ({
  resourceType: 'Patient',
  id,
  name: [{ use: 'official', family: CANARY.field, given: [CANARY.awkward, null, CANARY.field] }],
  ...(!id.endsWith('bare') && {
    address: [
      {
        use: 'home',
        line: [`1 ${CANARY.awkward}`, CANARY.field],
        city: CANARY.field,
        postalCode: CANARY.field,
        state: CANARY.awkward,
        country: CANARY.field,
      },
    ],
  }),
});

/** Two hours of accesses of every kind that the collector tells apart, `count` of each. */
export function canaryPast(fhirUrl: string, count: number): CanaryPast {
  const first = Math.floor(Date.now() / HOUR_MS - 6) * HOUR_MS;
  // Three hours on: what began in the first hour and never ended is given up.
  const hours = [first, first + 3 * HOUR_MS];
  const key = sourceKey(SOURCE.toLowerCase());
  return {
    settings: {
      FHIR_URL: fhirUrl,
      FHIR_TOKEN: tokenOfCanaries(),
      FHIR_HEADER_KEYS: `${KEY_ID}=${KEY}`,
      FHIR_SCHEDULE: '*/2 * * * * *',
    },
    exportNames: hours.map((hour) => {
      const [, date, time] = /^(.+)T(\d\d)/.exec(new Date(hour).toISOString()) ?? [];
      return `healthcare/fhir/${date}/${time}-${key}-1.csv`;
    }),
    blobs: hours.map((hour, number) => ({
      name: hourBlob(hour),
      content: logOf(number * count, count).toString('base64'),
    })),
  };
}

const logOf = (from: number, count: number): Buffer =>
  Buffer.concat([
    ...Array.from({ length: count }, (_, index) =>
      Buffer.from(KINDS.map((kind) => kind(from + index)).join('')),
    ),
    ...BAD_LINES.map((line) => Buffer.concat([Buffer.from(line), Buffer.from('\n')])),
  ]);

/** What a request says where a kind of it says nothing else. */
function factsOf(kind: string, index: number): LineFacts {
  const id = `${CANARY.field}-${index}-${kind}`;
  const query = new URLSearchParams({ _tag: CANARY.awkward });
  return {
    id,
    time: `2025-11-20T${CANARY.instant}Z`,
    path: `/Patient/${id}?${query.toString()}`,
    oid: CANARY.field,
    headers: headersOf(
      (name, value) => (index % 2 === 0 ? encryptHeaderValue(value, name, keys) : value),
      index,
    ),
  };
}

const headersOf = (written: (name: string, value: string) => string, index: number): Record<string, string> =>
  Object.fromEntries(
    NAMES.map((name) => [
      name,
      written(name, name === 'USERUPN' ? `${CANARY.mail}${index}@hospital.example` : CANARY.awkward),
    ]),
  );

/** A value that says it is encrypted with a key whose name is a canary, and is not. */
const forged = (keyId: string): string =>
  `enc1.${keyId}.${Buffer.from(CANARY.field.repeat(3)).toString('base64url')}`;

const KINDS: readonly ((index: number) => string)[] = [
  (index) => ['a', 'b', 'c', 'd'].map((kind) => request(factsOf(kind, index))).join(''),
  (index) => request(factsOf('gone', index)),
  (index) => request(factsOf('bare', index)),
  (index) => request({ ...factsOf('nobody', index), headers: { OTHER: CANARY.field } }),
  (index) => request({ ...factsOf('noon', index), time: `noon ${CANARY.field}` }),
  (index) => request({ ...factsOf('nowhere', index), path: `:${CANARY.field}/Patient/${CANARY.mail}` }),
  (index) => request({ ...factsOf('altered', index), headers: headersOf(() => forged(KEY_ID), index) }),
  (index) =>
    request({
      ...factsOf('forged', index),
      headers: headersOf(
        () =>
          Array.from({ length: 20 }, (_, other) => forged(`${CANARY.field}_${index}_${other}`)).join(', '),
        index,
      ),
    }),
  // Refused by the validation of the connector’s records.
  (index) =>
    request({ ...factsOf('mail', index), headers: { USERUPN: `${CANARY.mail} at ${CANARY.awkward}` } }),
  (index) => request({ ...factsOf('failed', index), result: 'Failed' }),
  (index) => request({ ...factsOf('other', index), interaction: CANARY.field }),
  (index) => `${auditLine({ ...factsOf('begun', index), result: 'Started' })}\n`,
];

const BAD_LINES: readonly (string | Uint8Array)[] = [
  `no entry, but ${CANARY.field} and ${CANARY.awkward}`,
  `{"operationName":"${CANARY.field}`,
  auditLine({ properties: CANARY.field }),
  Buffer.concat([Buffer.from(`{"time":"${CANARY.field}`), Buffer.of(0xff, 0xfe)]),
  CANARY.field.repeat(2 ** 17),
];

/** As Microsoft Entra ID writes one, as far as anyone looks at it. */
function tokenOfCanaries(): string {
  const part = (json: object): string => Buffer.from(JSON.stringify(json)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ oid: CANARY.mail, name: CANARY.field })}.${CANARY.secret}`;
}
