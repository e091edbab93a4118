import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { after, before, test } from 'node:test';
import { makeServices } from '../../functions/makeServices.ts';
import { makeCertificate } from '../../local/simulator/certificate.ts';
import { authorityEndpoint } from '../../local/simulator/authority.ts';
import { SimulatorState } from '../../local/simulator/state.ts';
import { DEFAULTS } from '../../local/simulator/types.ts';
import { systemClock } from '../../shared/clock.ts';
import { readConfig } from '../../shared/config/config.ts';
import type { ConnectorClient } from '../../shared/connector/types.ts';
import { pushChunk } from '../../shared/delivery/pushChunk.ts';
import { pushServices } from '../../shared/delivery/services.ts';
import { DEFAULT_PUSH_SETTINGS } from '../../shared/delivery/settings.ts';
import { chunkMessageOf } from '../../shared/ledger/chunkMessage.ts';
import { readChunk } from '../../shared/ledger/chunks.ts';
import {
  CONNECTOR_ROW_KEY,
  fromConnectorTableRow,
  newConnectorRow,
  toConnectorTableRow,
} from '../../shared/ledger/connectorRows.ts';
import { connectorKey } from '../../shared/ledger/model.ts';
import { readStorageConnection } from '../../shared/storage/connection.ts';
import { makeExport } from '../support/deliveryExport.ts';
import { MemoryBlobs, MemoryQueue, MemoryTable } from '../support/memoryStores.ts';
import { seededRandom } from '../support/virtualClock.ts';

// The client as the app makes it, over real sockets, to a token endpoint and a connector that take their time; the ledger in memory.
const SLOW_MS = 300;
const GATE_MS = 1_500;

/** What happened, in its order; a test may act in the middle of it. */
let seen: { readonly what: string; readonly at: number }[] = [];
let acting: ((what: string) => void) | undefined;
function note(what: string): void {
  seen.push({ what, at: Date.now() });
  acting?.(what);
}

const servers: Server[] = [];
async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

let clientOf: (connector: string) => ConnectorClient;
const stopping = new AbortController();
before(async () => {
  const { key, cert } = await makeCertificate();
  setDefaultCACertificates([...getCACertificates(), cert]);
  const state = new SimulatorState({});
  let authority = '';
  const answer = authorityEndpoint(state, () => authority);
  const tokens = createHttpsServer({ key, cert }, (request, response) => {
    note('token asked');
    void delay(SLOW_MS).then(() => {
      note('token given');
      answer(request, response);
    });
  });
  const connector = createHttpsServer({ key, cert }, (request, response) => {
    note('request');
    request.resume().on('end', () => response.end());
  });
  const connectorPort = await listen(connector);
  // Lets each connection wait before its first byte, hence its handshake.
  const front = createServer((socket) => {
    note('connection asked');
    socket.on('error', () => undefined);
    void delay(SLOW_MS).then(() => {
      note('connection given');
      const behind: Socket = connect(connectorPort, '127.0.0.1').on('error', () => socket.destroy());
      socket.pipe(behind).pipe(socket);
    });
  });
  authority = `https://127.0.0.1:${await listen(tokens)}`;
  const env = {
    ExportStorage: 'UseDevelopmentStorage=true',
    CONNECTOR_HEALTHCARE_TENANT_ID: DEFAULTS.tenantId,
    CONNECTOR_HEALTHCARE_APP_ID: DEFAULTS.appId,
    CONNECTOR_HEALTHCARE_JOB_ID: DEFAULTS.jobId,
    CONNECTOR_HEALTHCARE_SECRET: DEFAULTS.secret,
    CONNECTOR_HEALTHCARE_URL: `https://127.0.0.1:${await listen(front)}`,
    CONNECTOR_HEALTHCARE_AUTHORITY: authority,
    CONNECTOR_HEALTHCARE_AUTHORITY_CA: cert,
  };
  const storage = readStorageConnection(env, 'ExportStorage');
  const made = await makeServices(readConfig(env), storage, stopping.signal);
  clientOf = (name) => made.push.clientOf(name);
});
after(() => {
  stopping.abort();
  for (const server of servers) server.close();
});

/** Push an export of one batch with a client that has neither token nor connection yet. */
async function push(act?: (what: string, tables: Record<'connectors', MemoryTable>) => void) {
  const clock = systemClock;
  const blobs = new MemoryBlobs({ clock });
  const queue = new MemoryQueue('chunks', { clock });
  const tables = {
    exports: new MemoryTable('exports'),
    chunks: new MemoryTable('chunks'),
    connectors: new MemoryTable('connectors', {
      hook: ({ operation, when }) => {
        if (operation === 'get' && when === 'before') note('look');
      },
    }),
  };
  const random = seededRandom(1);
  const made = await makeExport(
    { blobs, ...tables },
    { chunks: 1, batches: 1, recordsPerRequest: 3 },
    random,
  );
  tables.chunks.onWrite = ({ batches }) => note(`mark ${String(batches)}`);
  const quiet = (): void => undefined;
  const services = pushServices({
    tables,
    blobs,
    queue,
    clock,
    random,
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    settings: DEFAULT_PUSH_SETTINGS,
    instance: 'p1',
    stopping: stopping.signal,
    clientOf,
  });
  seen = [];
  acting = (what) => act?.(what, tables);
  const [chunk] = made.chunks;
  assert.ok(chunk);
  const result = await pushChunk(chunkMessageOf(chunk, made.row), services);
  acting = undefined;
  await services.close();
  assert.equal(result.kind, 'settled');
  const row = (await readChunk(tables.chunks, made.row.exportId, 1))?.row;
  assert.ok(row);
  return row;
}

test('a cold request: token and connection, then the mark, then the look, then the first byte', async () => {
  const { requests } = await push();
  const order = seen.map(({ what }) => what);
  const begin = order.indexOf('request');
  assert.deepEqual(order.slice(begin - 2, begin), ['mark s', 'look']);
  const before = order.slice(0, begin - 2);
  for (const what of ['token asked', 'token given', 'connection asked', 'connection given']) {
    assert.ok(before.includes(what), `${what} comes first`);
  }
  assert.equal(requests, 1);
});

for (const moment of ['token asked', 'token given', 'connection asked', 'connection given', 'mark s']) {
  test(`a Retry-After that another instance commits at "${moment}" is heeded, however slow token and handshake are`, async () => {
    let until: number | undefined;
    const { requests, retries } = await push((what, { connectors }) => {
      if (what !== moment || until !== undefined) return;
      until = Date.now() + GATE_MS;
      void closeGate(connectors, until);
    });
    assert.ok(until !== undefined, 'the gate was shut');
    const begun = seen.filter(({ what }) => what === 'request');
    assert.equal(begun.length, 1);
    assert.ok(begun[0]!.at >= until, `${begun[0]!.at - until} ms after its instant`);
    assert.deepEqual([requests, retries], [1, 0]);
  });
}

async function closeGate(table: MemoryTable, until: number): Promise<void> {
  const stored = await table.get(connectorKey('healthcare'), CONNECTOR_ROW_KEY);
  const row = stored === undefined ? newConnectorRow('healthcare') : fromConnectorTableRow(stored.row);
  const shut = toConnectorTableRow({ ...row, gateUntil: new Date(until).toISOString() });
  await (stored === undefined ? table.insert(shut) : table.replace(shut, stored.etag));
}
