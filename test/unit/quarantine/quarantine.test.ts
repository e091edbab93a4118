import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { planExport } from '../../../shared/export/plan.ts';
import { RecordGatherer } from '../../../shared/export/records.ts';
import type { ExportPlan } from '../../../shared/export/types.ts';
import type { MappingFile } from '../../../shared/schema/mappingFile.ts';
import { RecordWriter } from '../../../shared/schema/rewrite.ts';
import { RecordValidator } from '../../../shared/schema/validator.ts';
import { quarantineAddress, writeQuarantine } from '../../../shared/quarantine/quarantine.ts';
import { HEADER_COLUMNS, plainRecord } from '../../support/healthcare.ts';
import { ARRIVED_AT, healthcare } from '../../support/judging.ts';
import { MemoryBlobs } from '../../support/memoryBlobs.ts';

const SOURCE = { container: 'exports', name: 'healthcare/a.csv' };
const TARGET = { container: 'quarantine', name: 'healthcare/x/000001.csv' };
const HEADER = `${HEADER_COLUMNS.join(',')}\r\n`;
const GOOD = `${plainRecord(1)}\r\n`;
const BAD_CITY = plainRecord(2, { 'Patient City': '' });
const BAD_TIME = plainRecord(3, { 'Creation Time': 'x', 'Patient City': '' });

function planOf(content: Buffer, maxRecordBytes = 4096, mapping: MappingFile = {}): ExportPlan {
  return planExport({
    name: 'a.csv',
    head: content,
    totalBytes: content.length,
    arrivedAt: ARRIVED_AT,
    schema: healthcare,
    mapping,
    settings: {
      chunkRecords: 100,
      recordsPerRequest: 10,
      maxBodyBytes: 1e6,
      maxRecordBytes,
      onUnknownOutcome: 'resend',
    },
  }).plan;
}

type Written = { count: number; text: string | undefined };

async function quarantine(
  content: string | Buffer,
  { refusals = [], plan }: { refusals?: [number, string][]; plan?: ExportPlan } = {},
): Promise<Written> {
  const bytes = Buffer.from(content as string);
  const blobs = new MemoryBlobs({ pieceBytes: 7 });
  blobs.put(SOURCE, bytes);
  const used = plan ?? planOf(bytes);
  const chunk = { start: used.head.end, end: bytes.length, firstRecord: 101, firstLine: used.firstLine };
  const count = await writeQuarantine(blobs, {
    plan: used,
    source: SOURCE,
    chunk,
    serviceRefusals: new Map(refusals),
    target: TARGET,
  });
  return { count, text: blobs.content(TARGET)?.toString('latin1') };
}

/** The bodies that an export's good records make. */
function sent(content: Buffer, plan = planOf(content)): string {
  const gatherer = new RecordGatherer({
    dialect: plan.dialect,
    maxRecordBytes: 4096,
    offset: plan.head.end,
    firstLine: plan.firstLine,
  });
  const validator = new RecordValidator(plan.validation, plan.dialect);
  const writer = new RecordWriter(plan);
  let text = plan.header;
  for (const block of [...gatherer.write(content.subarray(plan.head.end)), ...gatherer.end()])
    for (let i = 0; i < block.count; i++) {
      const [start, end] = [block.starts[i]!, block.ends[i]!];
      if (!validator.check(block.bytes, start, end)) continue;
      const out = Buffer.alloc(writer.maxLength(end - start));
      text += out.toString('utf8', 0, writer.write(block.bytes, start, end, out, 0));
    }
  return text;
}

describe('writeQuarantine', () => {
  test('sets refused records aside as they came, with number, line and codes in front', async () => {
    const content = `${HEADER}${GOOD}${BAD_CITY}\r\n\r\n${GOOD}${BAD_TIME}`;
    assert.deepEqual(await quarantine(content), {
      count: 2,
      text:
        `record number,line number,codes,${HEADER}` +
        `102,3,MISSING_VALUE Patient City,${BAD_CITY}\r\n` +
        `104,6,BAD_TIME Creation Time / MISSING_VALUE Patient City,${BAD_TIME}\n`,
    });
  });

  test('writes nothing when nothing is refused', async () => {
    assert.deepEqual(await quarantine(HEADER + GOOD), { count: 0, text: undefined });
  });

  test('keeps the words of the service to one field, whatever they are', async () => {
    const words = '{"error":"row 1,\r\n=cmd|x \u202E",\0 "x"}';
    const { text } = await quarantine(HEADER + GOOD, { refusals: [[101, words]] });
    const front = text!.split('\n')[1]!.slice(0, -GOOD.length + 1);
    assert.match(front, /^101,2,SERVICE_REFUSED [^",\r\n\0]*,$/);
    const [, again] = (await quarantine(HEADER + GOOD, { refusals: [[101, '']] })).text!.split('\n');
    assert.ok(again!.startsWith('101,2,SERVICE_REFUSED,'));
  });

  test('names where a record that is too long lies', async () => {
    const long = plainRecord(1, { 'Event Name': 'x'.repeat(300) });
    const content = Buffer.from(`${HEADER}${long}\r\n${GOOD}`);
    const { count, text } = await quarantine(content, { plan: planOf(content, 300) });
    assert.equal(count, 1);
    const range = `(bytes ${HEADER.length} to ${HEADER.length + long.length + 2} of the export)`;
    assert.equal(text!.split('\n')[1], `101,2,RECORD_TOO_LONG ${range}`);
  });

  test('corrected and dropped back, the records flow as if nothing had been in front', async () => {
    const { text } = await quarantine(`${HEADER}${GOOD}${BAD_CITY}\r\n`);
    const corrected = Buffer.from(text!.replace(BAD_CITY, plainRecord(2)));
    assert.equal(sent(corrected), `${HEADER}${plainRecord(2)}\r\n`);
  });

  test('refused again, they do not gather columns', async () => {
    const once = await quarantine(`${HEADER}${GOOD}${BAD_CITY}\r\n`);
    const twice = await quarantine(once.text!);
    assert.equal(twice.text, once.text!.replace('102,3,', '101,2,'));
  });

  test('a Windows-1252 export keeps its bytes, and its file can be read as Windows-1252', async () => {
    const record = plainRecord(2, { 'Patient First Name': 'J\xfcrgen', 'Patient City': '' });
    const content = Buffer.from(`${HEADER}${record}\r\n`, 'latin1');
    const plan = planOf(content, 4096, { encoding: 'windows-1252' });
    const { text } = await quarantine(content, { plan, refusals: [[101, 'größer']] });
    assert.ok(text!.endsWith(`${record}\r\n`));
    const other = await quarantine(Buffer.from(HEADER + GOOD), { plan, refusals: [[101, 'größer']] });
    assert.match(other.text!, /SERVICE_REFUSED gr\?\?er,/);
  });

  test('lies by connector, day of arrival, export and chunk', () => {
    const row = { connector: 'healthcare', arrivedAt: '2026-11-20T23:59:59.000Z', exportId: 'abc' };
    const nameFor = (delimiter: ',' | ';' | '|' | '\t'): string =>
      quarantineAddress(row, 12, { dialect: { delimiter, quote: '"' } }).name;
    assert.equal(nameFor(','), 'healthcare/2026-11-20/abc/000012.csv');
    assert.deepEqual([';', '|', '\t'].map((d) => nameFor(d as ';').slice(-4)), ['.csv', '.psv', '.tsv']); // prettier-ignore
  });
});
