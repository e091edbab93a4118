import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { FunctionApp, type RegisteredFunction } from '../../local/host/app.ts';
import { PROJECT } from './cli.ts';
import { QUIET_SETTINGS } from './quietSettings.ts';

/** The app, loaded from its sources into this process as the worker would: one a process, with the settings that it had then. */
export type LoadedApp = {
  readonly functions: readonly RegisteredFunction[];
  /** Lines that the functions logged. */
  readonly lines: readonly string[];
  /** Run an HTTP function as the host does once it has let the caller pass. */
  post(
    name: string,
    headers: Record<string, string>,
    body: string,
  ): Promise<{ status: number; body: string }>;
  terminate(): Promise<void>;
};

export async function loadApp(settings: Readonly<Record<string, string>>): Promise<LoadedApp> {
  Object.assign(process.env, { ...QUIET_SETTINGS, ...process.env, ...settings });
  const folder = await mkdtemp(path.join(tmpdir(), 'app-'));
  const entry = pathToFileURL(path.join(PROJECT, 'functions', 'main.ts')).href;
  await writeFile(path.join(folder, 'package.json'), JSON.stringify({ type: 'module', main: 'main.mjs' }));
  await writeFile(path.join(folder, 'main.mjs'), `import ${JSON.stringify(entry)};\n`);
  const lines: string[] = [];
  const app = await FunctionApp.load(folder, (_level, source, message) => {
    if (source !== 'host') lines.push(message);
  });
  await rm(folder, { recursive: true });
  return {
    functions: app.functions,
    lines,
    async post(name, headers, body) {
      const fn = app.functions.find(({ metadata }) => metadata.name === name);
      if (fn === undefined) throw new Error(`No function ${name} is registered.`);
      const [trigger] = Object.values(fn.metadata.bindings).filter(({ direction }) => direction === 'in');
      const http = { url: `http://127.0.0.1/api/${name}`, method: 'POST', headers, body: { string: body } };
      const inputData = [{ name: trigger?.name ?? '', data: { http } }];
      const { returnValue, outputData } = await app.invoke(fn, { inputData, triggerMetadata: {} });
      const answer = returnValue?.http ?? outputData?.[0]?.data.http;
      const bytes = answer?.body?.bytes ?? Buffer.from(answer?.body?.string ?? '');
      return { status: Number(answer?.statusCode), body: Buffer.from(bytes).toString() };
    },
    terminate: () => app.terminate(),
  };
}
