import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { silentLog } from '../../src/shared/log.ts';
import { Directory, openDirectory } from '../../src/store/index.ts';

const RANGE = { first: 7000, last: 7002 };

describe('the directory', () => {
  it('gives a consumer a number once and for good', () => {
    const directory = new Directory(RANGE, () => {});
    expect(directory.assign('p', '11')).toBe('7000');
    expect(directory.assign('p', '22')).toBe('7001');
    expect(directory.assign('p', '11')).toBe('7000');
    expect(directory.assign('q', '11'), 'a PSID of another Page is another person').toBe('7002');
    expect(directory.find('7001')).toEqual({ number: '7001', pageId: 'p', psid: '22' });
  });

  it('a used-up range gives no number, never one that somebody has', () => {
    const directory = new Directory(RANGE, () => {});
    for (const psid of ['1', '2', '3']) directory.assign('p', psid);
    expect(directory.assign('p', '4')).toBeUndefined();
    expect(directory.assign('p', '1')).toBe('7000');
    directory.remove('7001');
    expect(directory.assign('p', '4'), 'a number given up is in redial lists still').toBeUndefined();
  });

  it('a number that was given by hand and removed is not given to another', () => {
    const directory = new Directory(RANGE, () => {});
    directory.set({ number: '7000', pageId: 'p', psid: '9' });
    directory.remove('7000');
    expect(directory.assign('p', '1')).toBe('7001');
  });

  it('steps over numbers given by hand', () => {
    const directory = new Directory(RANGE, () => {});
    expect(directory.set({ number: '7000', pageId: 'p', psid: '9' })).toBe(true);
    expect(directory.assign('p', '1')).toBe('7001');
    expect(directory.set({ number: '7001', pageId: 'p', psid: '9' }), "somebody else's").toBe(false);
    expect(directory.set({ number: '42', pageId: 'p', psid: '9' })).toBe(true);
    expect([directory.find('7000'), directory.numberOf('p', '9')]).toEqual([undefined, '42']);
    for (const number of ['', 'abc', '1 2', '1'.repeat(21)]) {
      expect(directory.set({ number, pageId: 'p', psid: '8' }), number).toBe(false);
    }
  });
});

describe('its file', () => {
  async function file(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'directory-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    return join(folder, 'directory.jsonl');
  }

  it('is there again after a restart', async () => {
    const path = await file();
    const first = await openDirectory(path, RANGE, silentLog);
    first.directory.assign('p', '1');
    first.directory.assign('p', '2');
    first.directory.set({ number: '42', pageId: 'p', psid: '1' });
    first.directory.remove('7001');
    await first.close();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const second = await openDirectory(path, RANGE, silentLog);
    expect(second.directory.list()).toEqual([{ number: '42', pageId: 'p', psid: '1' }]);
    expect(second.directory.assign('p', '3'), 'numbers given up are not given again').toBe('7002');
    await second.close();
  });

  it('a torn or foreign line costs itself only', async () => {
    const path = await file();
    const good = '{"v":1,"set":true,"number":"7000","pageId":"p","psid":"1"}';
    await writeFile(path, `{"v":9}\n${good}\n[]\nnull\n{"v":1,"set":true,"number":7,"pag`);
    const warned: object[] = [];
    const log = { ...silentLog, warn: (fields: object) => warned.push(fields) };
    const opened = await openDirectory(path, RANGE, log);
    expect(opened.directory.size).toBe(1);
    expect(warned).toMatchObject([{ damaged: 4 }]);
    opened.directory.assign('p', '2');
    await opened.close();
    expect((await readFile(path, 'utf8')).split('\n').at(-2)).toContain('"number":"7001"');
  });

  it('cannot be opened: says where', async () => {
    await expect(openDirectory('/nowhere/at/all', RANGE, silentLog)).rejects.toMatchObject({
      code: 'STORE_OPEN',
    });
  });
});
