/** Entry of the functions process: serves the app until told to end, or until its parent is gone. */
import { enableCompileCache } from 'node:module';
import { FunctionHost } from './host.ts';
import { HOST_START, type HostReport, type HostStart } from './messages.ts';
import { peakRssBytes } from './peakRss.ts';
import type { Settings } from './settings.ts';

const MEMORY_REPORT_MS = 250;

enableCompileCache();

function report(message: HostReport): void {
  if (process.connected) process.send?.(message);
}

function reportMemory(): void {
  report({ kind: 'memory', peakRssBytes: peakRssBytes() });
}

function log(level: string, source: string, message: string): void {
  process.stdout.write(`${new Date().toISOString()} ${level} ${source}: ${message}\n`);
}

async function main(): Promise<void> {
  const { [HOST_START]: start = '{}', ...settings } = process.env;
  const options = JSON.parse(start) as HostStart;
  const host = await FunctionHost.start({
    ...options,
    settings: settings as Settings,
    log,
    onInvocation: (event, functionName) => report({ kind: 'invocation', event, functionName }),
    onTimeout: (functionName) => {
      log('critical', functionName, 'ran longer than functionTimeout in host.json: the process ends');
      process.exit(1);
    },
  });
  setInterval(reportMemory, MEMORY_REPORT_MS).unref();

  let ending = false;
  const end = async (): Promise<void> => {
    if (ending) return;
    ending = true;
    await host.stop();
    reportMemory();
    process.exit(0);
  };
  process.on('SIGTERM', () => void end());
  process.on('disconnect', () => void end());
  process.on('message', (message) => void (message === 'stop' && end()));
  report({ kind: 'ready', port: host.port });
  if (!process.connected) await end();
}

try {
  await main();
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(
    `The functions app could not be loaded: ${error instanceof Error ? error.stack : message}\n`,
  );
  process.send?.({ kind: 'loadFailed', message } satisfies HostReport, () => process.exit(1));
}
