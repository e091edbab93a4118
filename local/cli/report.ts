import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { counted } from '../../shared/counted.ts';
import { TABLES } from '../../shared/ledger/model.ts';
import type { ReportSettings } from '../../shared/report/collect.ts';
import { dayOf, isDay, type Day } from '../../shared/report/days.ts';
import { statusPage } from '../../shared/report/page.ts';
import { collectPeriod, type PeriodStatus } from '../../shared/report/period.ts';
import { statusCsv } from '../../shared/report/statusLog.ts';
import { missingRemark } from '../../shared/report/words.ts';
import { ACCOUNT_HELP, withAccount } from './account.ts';
import { note, say, sayJson } from './console.ts';
import { readEnvironment } from './environment.ts';
import { DEFAULT_CONNECTOR, DEFAULT_OUT } from './options.ts';
import { tableOf } from './table.ts';
import { UsageError } from './usageError.ts';

type ReportFlags = {
  readonly from?: Day;
  readonly to?: Day;
  readonly out: string;
  readonly connector: string;
  readonly write?: string;
  readonly json?: boolean;
  readonly csv?: boolean;
};

/** `npm run report`: what was sent in a period, from the ledger. */
export function addReportCommand(program: Command): void {
  program
    .command('report')
    .description(`Report what was sent in any period. ${ACCOUNT_HELP}`)
    .option('--from <day>', 'first day, YYYY-MM-DD (default: the day of --to)', asDay)
    .option('--to <day>', 'last day, YYYY-MM-DD (default: today)', asDay)
    .option('--out <dir>', 'folder of local runs', DEFAULT_OUT)
    .option(
      '--connector <name>',
      'connector of local runs; CONNECTORS counts where it is set',
      DEFAULT_CONNECTOR,
    )
    .option('--write <dir>', 'write FROM_TO.html, .json and .csv there')
    .addOption(
      new Option('--json', 'print JSON, each day as in status/ (shared/report/status.schema.json)').conflicts(
        'csv',
      ),
    )
    .option('--csv', 'print the status log, one line an import')
    .action(report);
}

function asDay(text: string): Day {
  if (!isDay(text)) throw new InvalidArgumentError('Expected a day like 2026-11-21.');
  return text;
}

async function report(flags: ReportFlags): Promise<void> {
  const settings = settingsFor(flags.connector);
  await withAccount(flags.out, async (storage) => {
    const now = storage.clock.now();
    const to = flags.to ?? dayOf(now, settings.timeZone);
    const from = flags.from ?? to;
    if (from > to) throw new UsageError(`--from ${from} is after --to ${to}.`, 'Swap the two.');
    const tables = {
      exports: storage.table(TABLES.exports),
      chunks: storage.table(TABLES.chunks),
      connectors: storage.table(TABLES.connectors),
      marks: storage.table(TABLES.marks),
    };
    const period = await collectPeriod(from, to, tables, settings, now);
    if (flags.json) sayJson(period, 2);
    else if (flags.csv) sayCsv(statusCsv(period.days));
    else say(periodTable(period));
    if (flags.write !== undefined) await writePeriod(period, flags.write);
  });
}

/** The app's own settings where the environment has them; else those of a run on this machine. */
function settingsFor(connector: string): ReportSettings {
  const { report, connectors = [connector] } = readEnvironment();
  const { timeZone, expectedBy, hashBlobNames } = report;
  return { connectors, timeZone, hashBlobNames, ...(expectedBy === undefined ? {} : { expectedBy }) };
}

/** The file as it is, byte for byte; as a terminal may show it where one reads along. */
function sayCsv(csv: string): void {
  if (process.stdout.isTTY) say(csv.trimEnd());
  else process.stdout.write(csv);
}

const FIGURES = ['exports', 'records', 'accepted', 'quarantined', 'failed', 'still to do'];

function periodTable({ days, months }: PeriodStatus): string {
  const number = (value: number): string => value.toLocaleString('en-US');
  const ofMonths = months.map((each) => {
    const { month, connector, exports, records, accepted, quarantined, failed, missingDays } = each;
    const figures = [exports, records, accepted, quarantined, failed, 0].map(number);
    return [month, connector, ...figures, missingDays > 0 ? `${counted(missingDays, 'day')} without` : ''];
  });
  const ofDays = days.flatMap(({ day, connectors, strays }) => {
    const rows = connectors.map((each) => {
      const { connector, exports, records, accepted, quarantined, failed, toDo, missing } = each;
      const figures = [exports.length, records, accepted, quarantined, failed, toDo].map(number);
      return [day, connector, ...figures, missing ? missingRemark(exports.length) : ''];
    });
    if (strays.length > 0)
      rows.push([day, '', number(strays.length), '', '', '', '', '', "in no connector's folder"]);
    return rows;
  });
  const heads = ['day', 'connector', ...FIGURES.map((figures) => ({ figures })), 'remark'];
  return tableOf(heads, [...ofMonths, ...ofDays]);
}

async function writePeriod(period: PeriodStatus, folder: string): Promise<void> {
  const { from, to, days, months } = period;
  await mkdir(folder, { recursive: true });
  const base = path.join(folder, `${from}_${to}`);
  const about = from === to ? from : `${from} to ${to}`;
  const files = {
    html: statusPage({ days: days.toReversed(), history: {}, months, about }),
    json: `${JSON.stringify(period, undefined, 2)}\n`,
    csv: statusCsv(days),
  };
  for (const [kind, text] of Object.entries(files)) {
    await writeFile(`${base}.${kind}`, text);
    note(`Wrote ${base}.${kind}`);
  }
}
