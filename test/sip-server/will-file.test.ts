import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { silentLog } from '../../src/shared/log.ts';
import { type LastWill, lastWillOf } from '../../src/sip-server/engine/last-wills.ts';
import { WillFile } from '../../src/sip-server/will-file.ts';
import { openSpool } from '../../src/store/index.ts';

function path(): string {
  const folder = mkdtempSync(join(tmpdir(), 'msgw-wills-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'wills');
}

const will = (id: string): LastWill => ({
  id,
  method: 'BYE',
  branch: 'z9hG4bK1',
  text: 'BYE sip:a@b SIP/2.0\r\n',
  target: { protocol: 'udp', host: '127.0.0.1', port: 5060 },
});

async function left(file: string): Promise<string[]> {
  const spool = await openSpool(file, lastWillOf, silentLog);
  await spool.close();
  return spool.left.map(({ id }) => id);
}

test('what was written is in the file when write returns, as a spool reads it', async () => {
  const file = path();
  const wills = new WillFile(file, silentLog);
  wills.write({ left: [will('a'), will('b')], settled: [] });
  wills.write({ left: [will('c')], settled: ['a'] });
  expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(5);
  // As after a kill: nobody closed it.
  expect(await left(file)).toEqual(['b', 'c']);
});

test('closed in peace it leaves nothing, and a file that goes on for long stays short', async () => {
  const file = path();
  const wills = new WillFile(file, silentLog);
  for (let i = 0; i < 12_000; i += 1) {
    wills.write({ left: [will(`w${i}`)], settled: i < 3 ? [] : [`w${i - 3}`] });
  }
  expect(readFileSync(file, 'utf8').split('\n').length).toBeLessThan(21_000);
  expect(existsSync(`${file}.new`)).toBe(false);
  wills.write({ left: [], settled: ['w11999'] });
  expect(await left(file)).toEqual(['w11997', 'w11998']);
  const next = new WillFile(file, silentLog);
  next.write({ left: [will('z')], settled: [] });
  next.close();
  expect(readFileSync(file, 'utf8')).toBe('');
});

test('a disk that takes nothing is told once, and costs nothing else', () => {
  const told: string[] = [];
  const log = { ...silentLog, error: (_: object, event: string) => void told.push(event) };
  const wills = new WillFile('/dev/full', log);
  for (const id of ['a', 'b', 'c']) wills.write({ left: [will(id)], settled: [] });
  expect(told).toEqual(['sip_server.wills_not_kept']);
});
