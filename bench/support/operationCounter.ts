/**
 * Loaded into a functions process with `--import`: counts its HTTP requests by port and kind, and keeps the counts in the file that
 * `?file=` names. Changes nothing of what it watches.
 */
import { subscribe } from 'node:diagnostics_channel';
import { renameSync, writeFileSync } from 'node:fs';
import type { ClientRequest } from 'node:http';

/** Requests by `port kind`, the kind being `read`, `write` or `list`. */
export type PortCounts = Readonly<Record<string, number>>;

const WRITE_MS = 100;

const file = new URL(import.meta.url).searchParams.get('file') ?? '';
const counts: Record<string, number> = {};
let changed = false;

function count(port: string, method: string, path: string): void {
  const kind = path.includes('comp=list') ? 'list' : method === 'GET' || method === 'HEAD' ? 'read' : 'write';
  const key = `${port} ${kind}`;
  counts[key] = (counts[key] ?? 0) + 1;
  changed = true;
}

subscribe('http.client.request.start', (message) => {
  const { request } = message as { request: ClientRequest };
  count(new URL(`http://${String(request.getHeader('host'))}`).port, request.method, request.path);
});
subscribe('undici:request:create', (message) => {
  const { request } = message as { request: { origin: string; method: string; path: string } };
  count(new URL(request.origin).port, request.method, request.path);
});
setInterval(() => {
  if (!changed) return;
  changed = false;
  // In one step, for whoever reads it meanwhile.
  writeFileSync(`${file}.part`, JSON.stringify(counts));
  renameSync(`${file}.part`, file);
}, WRITE_MS).unref();
