import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { program } from '../../src/cli/program.ts';
import { record } from '../store/records/support.ts';

/** Neither its secrets nor the rest of it is of any use to the command. */
const CONFIG = (records: string) => `
meta:
  apps: [{ id: "1", secret: "\${RECORDS_TEST}", verifyToken: "\${RECORDS_TEST}" }]
rtp: { adress: 127.0.0.1 }
records: ${records}
`;

/** `msgw records` with these arguments: what it prints, and its exit code. */
async function ask(records: string, ...args: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'msgw-records-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'calls.jsonl');
  const at = (hour: number): object => {
    const began = Date.UTC(2026, 10, 21, hour);
    return { milestones: { webhook: began, ended: began + 60_000 } };
  };
  const lines = [
    record('c_1', { ...at(8), cause: 'busy' }),
    record('c_2', { ...at(9), pageId: '7', media: { consumer: { mos: 4.12 }, phone: {} } }),
    record('c_3', at(10)),
  ];
  writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const config = join(folder, 'gateway.yaml');
  writeFileSync(config, CONFIG(records.replace('PATH', path)));
  const printed: string[] = [];
  const take = (line: string): void => void printed.push(line);
  const spies = [
    vi.spyOn(console, 'log').mockImplementation(take),
    vi.spyOn(console, 'error').mockImplementation(take),
  ];
  try {
    await program().parseAsync(['node', 'msgw', 'records', '--config', config, ...args]);
    return { printed, code: process.exitCode };
  } finally {
    process.exitCode = undefined;
    for (const spy of spies) spy.mockRestore();
  }
}

it('shows calls that are over as a table, the newest last', async () => {
  const { printed, code } = await ask('{ path: PATH }', '--from', '2026-11-21T08:30Z', '--limit', '5');
  expect(printed).toEqual([
    'began                     call  page             way  cause            ended by  phone    rang  talked  MOS',
    '2026-11-21T09:00:00.000Z  c_2   7                in   consumer-hangup  consumer  pbx/600  0:05  0:50    4.1/-',
    '2026-11-21T10:00:00.000Z  c_3   102030405060708  in   consumer-hangup  consumer  pbx/600  0:05  0:50    -/-',
  ]);
  expect(code).toBe(0);
});

it('gives whole records as JSON, filtered', async () => {
  const idsOf = async (...args: string[]): Promise<string[]> => {
    const { printed } = await ask('{ path: PATH }', '--json', ...args);
    const { ok, records } = JSON.parse(printed[0] ?? '');
    expect(ok).toBe(true);
    return records.map(({ callId }: { callId: string }) => callId);
  };
  expect(await idsOf()).toEqual(['c_1', 'c_2', 'c_3']);
  expect(await idsOf('--cause', 'busy')).toEqual(['c_1']);
  expect(await idsOf('--page', '7')).toEqual(['c_2']);
  expect(await idsOf('--call', 'c_3')).toEqual(['c_3']);
  expect(await idsOf('--to', '2026-11-21T09:00:00Z')).toEqual(['c_1']);
  expect(await idsOf('--limit', '2')).toEqual(['c_2', 'c_3']);
  expect(await idsOf('--from', '36500d')).toEqual(['c_1', 'c_2', 'c_3']);
});

it('says when no records are kept here, or they cannot be read', async () => {
  expect(await ask('{ path: "-", postgres: { url: "${RECORDS_TEST}" } }')).toEqual({
    printed: [expect.stringContaining('records.sqlite.path')],
    code: 1,
  });
  const { printed, code } = await ask(
    '{ path: PATH, sqlite: { path: /tmp/no-such-database-of-msgw } }',
    '--json',
  );
  expect([JSON.parse(printed[0] ?? '').problems[0].code, code]).toEqual(['STORE_SQLITE', 1]);
});
