import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { makeCertificate } from '../../local/simulator/certificate.ts';

/** One item as Application Insights takes it in. */
export type Envelope = {
  readonly name: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly data: {
    readonly baseType: string;
    readonly baseData: Readonly<Record<string, unknown>> & {
      readonly properties?: Readonly<Record<string, string>>;
    };
  };
};

/** A stand-in for Application Insights: keeps everything it is sent, headers included. */
export type Ingestion = {
  /** What sends the app's telemetry here; the exporter takes nothing but https. */
  readonly settings: Readonly<Record<string, string>>;
  /** All that came, as text. */
  text(): string;
  envelopes(): Envelope[];
  close(): Promise<void>;
};

export async function startIngestion(): Promise<Ingestion> {
  const texts: string[] = [];
  const envelopes: Envelope[] = [];
  const certificate = await makeCertificate();
  const folder = await mkdtemp(path.join(tmpdir(), 'ingestion-'));
  const authority = path.join(folder, 'ca.pem');
  await writeFile(authority, certificate.cert);
  const server = createServer(certificate, (request, response) => {
    void (async () => {
      const body = await buffer(request);
      const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString(
        'utf8',
      );
      texts.push(`${request.method ?? ''} ${request.url ?? ''} ${JSON.stringify(request.headers)}\n${text}`);
      const items = itemsOf(text);
      envelopes.push(...items);
      const answer = { itemsReceived: items.length, itemsAccepted: items.length, errors: [] };
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `https://127.0.0.1:${String((server.address() as AddressInfo).port)}/`;
  return {
    settings: {
      APPLICATIONINSIGHTS_CONNECTION_STRING: `InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint=${url};LiveEndpoint=${url}`,
      NODE_EXTRA_CA_CERTS: authority,
    },
    text: () => texts.join('\n'),
    envelopes: () => envelopes,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      await rm(folder, { recursive: true });
    },
  };
}

function itemsOf(text: string): Envelope[] {
  if (text.trim() === '') return [];
  return text.trimStart().startsWith('[')
    ? (JSON.parse(text) as Envelope[])
    : text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Envelope);
}
