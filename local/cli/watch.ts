import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { counted } from '../../shared/counted.ts';
import { formatReason } from '../../shared/errors.ts';
import { FINAL_EXPORT_STATES } from '../../shared/ledger/model.ts';
import { printable, say } from './console.ts';
import { DropFolder } from './dropFolder.ts';
import { explained } from './duplicates.ts';
import { requireSpace } from './freeSpace.ts';
import { interruptSignal, unlessAborted } from './interrupt.ts';
import { addInspectOption, addStackOptions, refuseSimulatorOptions, type StackOptions } from './options.ts';
import { collectOutput } from './output.ts';
import { createProgress, type Progress } from './progress.ts';
import { takeRunLock } from './runLock.ts';
import { startStack, type Stack } from './stack.ts';
import { Uploads } from './uploads.ts';
import { waitingWords } from './watchRun.ts';

const DROP_FOLDER = '.local/exports';
const OUT_WORDS = `storage, reports and logs live here; exports are dropped into ${DROP_FOLDER}/ all the same`;
/** The emulator's usual ports and key, and the port of Core Tools: where other tools look. */
const USUAL_ACCESS = {
  blobPort: 10_000,
  queuePort: 10_001,
  tablePort: 10_002,
  publishedKey: true,
  functionsPort: 7071,
};
const LOOK_MS = 500;

/** `npm run watch`: the stack stays up and takes what is dropped. */
export function addWatchCommand(program: Command): void {
  addInspectOption(addStackOptions(program.command('watch'), { out: OUT_WORDS }))
    .description(`Keep the pipeline running on this machine; drop exports into ${DROP_FOLDER}/.`)
    .action(async (options: StackOptions, command: Command) => {
      refuseSimulatorOptions(command);
      const lock = await takeRunLock(options.out);
      const interrupt = interruptSignal();
      let stack: Stack | undefined;
      try {
        stack = await startStack(options, say, USUAL_ACCESS);
        say(
          `Drop exports into ${DROP_FOLDER}/, or upload them to container "exports", folder "${options.connector}".`,
        );
        say(
          "Storage takes the emulator's published key, as Storage Explorer expects: every program on this machine can read it.",
        );
        say(`Status page: http://127.0.0.1:${stack.functions.port}/api/status    Ctrl-C ends.`);
        const underWay = await Promise.race([watch(stack, options, interrupt), stack.functions.failed]);
        await collectOutput(stack, options.out);
        await stack.stop();
        say(
          `Stopped with ${counted(underWay, 'export')} under way. The next npm run watch goes on from here.`,
        );
      } finally {
        await stack?.stop();
        await lock.release();
      }
    });
}

/** @returns how many exports are still under way when it is interrupted */
async function watch(
  stack: Stack,
  { connector, out }: StackOptions,
  interrupt: AbortSignal,
): Promise<number> {
  const progress = createProgress(process.stdout, say);
  const folder = new DropFolder(DROP_FOLDER, (line) => progress.say(line));
  const uploads = new Uploads(stack.connectionString, stack.ledger, connector);
  const following = new Set<string>();
  while (!interrupt.aborted) {
    for (const input of await folder.rested(Date.now())) {
      const uploaded = await folder.take(input, Date.now(), async () => {
        await requireSpace(out, input.bytes);
        return unlessAborted(interrupt, () => uploads.put(input, false, interrupt));
      });
      if (uploaded) following.add(uploaded.exportId);
    }
    for (const { exportId } of await stack.ledger.unfinished(connector)) following.add(exportId);
    for (const exportId of following) {
      if (await show(exportId, stack, connector, progress)) following.delete(exportId);
    }
    await delay(LOOK_MS, undefined, { signal: interrupt }).catch(() => undefined);
  }
  progress.stop();
  return following.size;
}

/** @returns true when the export has ended */
async function show(exportId: string, stack: Stack, connector: string, progress: Progress): Promise<boolean> {
  const { ledger } = stack;
  const view = await ledger.export(connector, exportId);
  if (!view) return false;
  const name = view.row.blobName;
  progress.update(name, view, waitingWords(view, await ledger.connector(connector), Date.now()));
  if (!FINAL_EXPORT_STATES.has(view.row.state)) return false;
  for (const reason of (await explained(view.row, stack)).reasons)
    progress.say(printable(`${name}: ${formatReason(reason)}`));
  return true;
}
