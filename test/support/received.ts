import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'csv-parse/sync';

/** One body part the connector accepted, cut into its header and its records, each as it came (line end included). */
export type ReceivedBody = { readonly header: string; readonly records: readonly string[] };

const CUT = { relax_quotes: true, relax_column_count: true, skip_empty_lines: true, info: true } as const;

/** Cut a delimited text into records by csv-parse: the text of each as it stands, header first, blank lines left out. */
export function cutRecords(text: string, delimiter = ','): string[] {
  const bytes = Buffer.from(text, 'utf8');
  const rows = parse(bytes, { ...CUT, delimiter, record_delimiter: ['\r\n', '\n'] }) as unknown as Row[];
  const ends = rows.map(({ info }) => info.bytes);
  return ends.map((end, index) =>
    bytes.toString('utf8', ends[index - 1] ?? 0, end).replace(/^(?:\r?\n)+/, ''),
  );
}

type Row = { readonly info: { readonly bytes: number } };

/** Every body in `DIR/<jobId>/<n>.txt`, in the order they were accepted. */
export async function readReceived(folder: string, delimiter = ','): Promise<ReceivedBody[]> {
  const texts = await readReceivedTexts(folder);
  return texts.map((text) => {
    const [header = '', ...records] = cutRecords(text, delimiter);
    return { header, records };
  });
}

/** The texts of these bodies. */
export async function readReceivedTexts(folder: string): Promise<string[]> {
  const texts: string[] = [];
  for (const jobId of await readdir(folder).catch(() => [])) {
    const files = (await readdir(path.join(folder, jobId))).toSorted(
      (a, b) => Number.parseInt(a) - Number.parseInt(b),
    );
    for (const file of files) texts.push(await readFile(path.join(folder, jobId, file), 'utf8'));
  }
  return texts;
}

/** How often each text occurs. */
export function countTexts(texts: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}
