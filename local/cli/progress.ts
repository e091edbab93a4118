import { MultiBar, type SingleBar } from 'cli-progress';
import { printable, printableLines } from './console.ts';
import type { ExportView } from './ledgerView.ts';
import { settledRecords } from './ledgerView.ts';

/** What an operator sees while exports travel: a bar for each on a terminal, a line for each step when output is piped. */
export interface Progress {
  /** Show how far an export has come, and why it waits when it does. */
  update(name: string, view: ExportView, waiting?: string): void;
  /** One line that stays. */
  say(line: string): void;
  stop(): void;
}

/** A bar per export on a terminal, plain lines elsewhere. `write` gets whole lines, without a line end. */
export function createProgress(stream: NodeJS.WriteStream, write: (line: string) => void): Progress {
  return stream.isTTY ? new Bars(stream) : new Lines(write);
}

class Bars implements Progress {
  readonly #bars: MultiBar;
  readonly #byName = new Map<string, SingleBar>();

  constructor(stream: NodeJS.WriteStream) {
    this.#bars = new MultiBar({
      format: '{name} {bar} {percentage}% | {value}/{total} {unit} | {state}',
      hideCursor: true,
      stream,
      barCompleteChar: '█',
      barIncompleteChar: '░',
      barsize: 28,
      linewrap: false,
    });
  }

  update(name: string, view: ExportView, waiting?: string): void {
    const { done, total, unit } = measure(view);
    const shown = printable(name);
    let bar = this.#byName.get(name);
    if (!bar) {
      bar = this.#bars.create(Math.max(1, total), 0, { name: shown, unit, state: '' });
      this.#byName.set(name, bar);
    }
    bar.setTotal(Math.max(1, total));
    bar.update(done, { name: shown, unit, state: printable(waiting ?? view.row.state) });
  }

  say(line: string): void {
    this.#bars.log(`${printableLines(line)}\n`);
  }

  stop(): void {
    this.#bars.stop();
  }
}

/** A line when an export changes state or has come another tenth of the way. */
class Lines implements Progress {
  readonly #write: (line: string) => void;
  readonly #last = new Map<string, string>();

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  update(name: string, view: ExportView, waiting?: string): void {
    const { done, total, unit } = measure(view);
    const tenths = total === 0 ? 0 : Math.floor((10 * done) / total);
    const state = waiting ?? view.row.state;
    const key = `${state} ${tenths} ${unit}`;
    if (this.#last.get(name) === key) return;
    this.#last.set(name, key);
    this.#write(
      `${printable(name)}: ${printable(state)}, ${tenths * 10} % of ${total.toLocaleString('en-US')} ${unit}`,
    );
  }

  say(line: string): void {
    this.#write(line);
  }

  stop(): void {
    this.#last.clear();
  }
}

/** Bytes scanned while the export is split, records settled afterwards. */
function measure(view: ExportView): { done: number; total: number; unit: string } {
  const { row } = view;
  if (row.state === 'received' || row.state === 'splitting') {
    return { done: row.checkpoint?.offset ?? 0, total: row.bytes, unit: 'bytes scanned' };
  }
  return { done: settledRecords(view), total: row.records, unit: 'records' };
}
