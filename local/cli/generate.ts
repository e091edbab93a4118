import { type Command, Option } from 'commander';
import { counted } from '../../shared/counted.ts';
import { DEFECTS, parseDefects } from '../generator/defects.ts';
import { DEFAULT_SEED, type Format } from '../generator/generator.ts';
import { printable, say } from './console.ts';
import { wholeNumber } from './options.ts';
import { writeExport } from './sample.ts';
import { UsageError } from './usageError.ts';

type GenerateFlags = { records: number; out: string; seed: number; format: Format; defects?: string };

/** `npm run generate`: write a synthetic export. */
export function addGenerateCommand(program: Command): void {
  program
    .command('generate')
    .description('Write a synthetic EHR audit export; the same options give the same bytes.')
    .requiredOption('--records <n>', 'number of records', wholeNumber(0))
    .requiredOption('--out <file>', 'where to write it')
    .option('--seed <n>', 'seed of the pseudo-random content', wholeNumber(0), DEFAULT_SEED)
    .addOption(
      new Option('--format <format>', 'comma, pipe or tab between fields')
        .choices(['csv', 'psv', 'tsv'])
        .default('csv'),
    )
    .option(
      '--defects <spec>',
      `what is wrong with some records, e.g. missing-value:1%,bad-time:3; kinds: ${Object.keys(DEFECTS).join(', ')}`,
    )
    .action(async ({ records, out, seed, format, defects }: GenerateFlags) => {
      const rules = defects === undefined ? [] : readDefects(defects);
      const bytes = await writeExport(out, { records, seed, format, defects: rules });
      say(`Wrote ${counted(records, 'record')}, ${counted(bytes, 'byte')}, to ${printable(out)}`);
    });
}

function readDefects(spec: string): ReturnType<typeof parseDefects> {
  try {
    return parseDefects(spec);
  } catch (error) {
    throw new UsageError((error as Error).message, 'Example: --defects missing-value:1%,bad-time:3', {
      cause: error,
    });
  }
}
