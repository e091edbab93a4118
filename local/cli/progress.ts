import { MultiBar, type SingleBar } from 'cli-progress';
import { counted } from '../../shared/counted.ts';
import { printable, printableLines } from './console.ts';
import { settledRecords, type ExportView } from './ledgerView.ts';

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
      format: '{name} {bar} {percentage}% | {figures}{state}',
      hideCursor: true,
      stream,
      barCompleteChar: '█',
      barIncompleteChar: '░',
      barsize: 28,
      linewrap: false,
    });
  }

  update(name: string, view: ExportView, waiting?: string): void {
    const { done, total, of } = measure(view) ?? { done: 0, total: 1, of: undefined };
    const figures = of === undefined ? '' : `${done.toLocaleString('en-US')} of ${of} | `;
    const shown = { name: printable(name), figures, state: printable(waiting ?? view.row.state) };
    let bar = this.#byName.get(name);
    if (!bar) {
      bar = this.#bars.create(total, 0, shown);
      this.#byName.set(name, bar);
    }
    bar.setTotal(total);
    bar.update(done, shown);
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
    const way = measure(view);
    const share = way && `, ${Math.floor((10 * way.done) / way.total) * 10} % of ${way.of}`;
    const words = `${printable(waiting ?? view.row.state)}${share ?? ''}`;
    if (this.#last.get(name) === words) return;
    this.#last.set(name, words);
    this.#write(`${printable(name)}: ${words}`);
  }

  say(line: string): void {
    this.#write(line);
  }

  stop(): void {
    this.#last.clear();
  }
}

type Way = { readonly done: number; readonly total: number; readonly of: string };

/** Bytes scanned while the export is split, records settled afterwards; undefined when there is nothing to carry. */
function measure(view: ExportView): Way | undefined {
  const { state, bytes, records, checkpoint } = view.row;
  const split = state === 'received' || state === 'splitting';
  const total = split ? bytes : records;
  if (total === 0 || state === 'rejected' || state === 'duplicate') return undefined;
  return split
    ? { done: checkpoint?.offset ?? 0, total, of: `${counted(bytes, 'byte')} scanned` }
    : { done: settledRecords(view), total, of: counted(records, 'record') };
}
