import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { descriptorSink, LineWriter, type Sink } from '../../src/observe/line-writer.ts';

function file(flags: 'a' | 'r'): { fd: number; text: () => string } {
  const folder = mkdtempSync(join(tmpdir(), 'log-'));
  const path = join(folder, 'log');
  writeFileSync(path, '');
  const fd = openSync(path, flags);
  onTestFinished(() => {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });
  return { fd, text: () => readFileSync(path, 'utf8') };
}

const failure = (code: string): NodeJS.ErrnoException => Object.assign(new Error(code), { code });

/** A kernel by script: each write takes so many bytes, or fails so; after the script it takes all. */
function scripted(...script: (number | string)[]): { sink: Sink; text: () => string; calls: () => number } {
  const chunks: Uint8Array[] = [];
  let calls = 0;
  const writeSync = (bytes: Uint8Array): number => {
    calls += 1;
    const step = script.shift() ?? bytes.length;
    if (typeof step === 'string') throw failure(step);
    const taken = bytes.subarray(0, step);
    chunks.push(Buffer.from(taken));
    return taken.length;
  };
  const sink: Sink = {
    writeSync,
    write: (bytes, done) =>
      setImmediate(() => {
        try {
          done(null, writeSync(bytes));
        } catch (error) {
          done(error as NodeJS.ErrnoException, 0);
        }
      }),
  };
  return { sink, text: () => Buffer.concat(chunks).toString(), calls: () => calls };
}

const LOST = (lines: number): RegExp =>
  new RegExp(`^{"level":"warn","time":"[^"]+Z","lines":${lines},"msg":"log.lines-lost"}\n`);

describe('lines', () => {
  it('are in the file in order, with nothing between', async () => {
    const { fd, text } = file('a');
    const writer = new LineWriter(descriptorSink(fd));
    const lines = Array.from({ length: 20_000 }, (_, n) => `${n} Amína\n`);
    for (const line of lines) writer.write(line);
    await writer.flush();
    expect(text()).toBe(lines.join(''));
    writer.write('again\n');
    writer.flushSync();
    await writer.flush();
    expect(text()).toBe(`${lines.join('')}again\n`);
  });

  it('are whole when the system takes them in parts, or later', async () => {
    const { sink, text } = scripted(1, 'EAGAIN', 3, 'EBUSY', 'EAGAIN', 2);
    const writer = new LineWriter(sink);
    writer.write('first\n');
    writer.write('second\n');
    await writer.flush();
    expect(text()).toBe('first\nsecond\n');
  });
});

describe('a log that cannot be written', () => {
  it('throws nothing and holds nobody up', async () => {
    const writer = new LineWriter(descriptorSink(file('r').fd));
    for (let n = 0; n < 1_000; n++) writer.write('line\n');
    await writer.flush();
    writer.write('line\n');
    writer.flushSync();
    await writer.flush();
  });

  it('is not tried again until there is a new line, which tells how many are missing', async () => {
    const { sink, text, calls } = scripted('ENOSPC', 'ENOSPC');
    const writer = new LineWriter(sink);
    writer.write('one\n');
    writer.write('two\n');
    writer.write('three\n');
    await writer.flush();
    await writer.flush();
    expect([calls(), text()]).toEqual([2, '']);
    writer.write('four\n');
    await writer.flush();
    expect(text()).toMatch(LOST(3));
    expect(text().endsWith('\nfour\n')).toBe(true);
    writer.write('five\n');
    await writer.flush();
    expect(text().match(/lines-lost/g)).toHaveLength(1);
  });

  it('goes on with a new line after one that was cut off', async () => {
    const { sink, text } = scripted(2, 'ENOSPC');
    const writer = new LineWriter(sink);
    writer.write('one\n');
    await writer.flush();
    writer.write('two\n');
    await writer.flush();
    expect(text().slice(0, 3)).toBe('on\n');
    expect(text().slice(3)).toMatch(LOST(1));
  });

  it('takes bounded memory while the system takes nothing', async () => {
    const held: (() => void)[] = [];
    const { sink, text } = scripted();
    const slow: Sink = { ...sink, write: (bytes, done) => void held.push(() => sink.write(bytes, done)) };
    const writer = new LineWriter(slow);
    const line = `${'x'.repeat(99_999)}\n`;
    writer.write('first\n');
    for (let n = 0; n < 100; n++) writer.write(line);
    const flushed = writer.flush();
    for (let go = held.shift(); go; go = held.shift()) {
      go();
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await flushed;
    expect(text().match(/x\n/g)).toHaveLength(80);
    expect(text()).toMatch(/"lines":20,"msg":"log.lines-lost"/);
  });
});

describe('the last lines of a process', () => {
  it('are written after the one that waited for a busy system', () => {
    const { sink, text } = scripted('EAGAIN', 'EAGAIN', 2);
    const asked: (() => void)[] = [];
    const writer = new LineWriter({
      ...sink,
      write: (_bytes, done) => void asked.push(() => done(failure('EAGAIN'), 0)),
    });
    writer.write('one\n');
    asked[0]?.();
    writer.write('two\n');
    writer.flushSync();
    expect(text()).toBe('one\ntwo\n');
  });

  it.each(['ENOSPC', 'EAGAIN'])('are given up where the system only says %s', (code) => {
    const { sink, text } = scripted(...Array.from({ length: 1_000 }, () => code));
    const writer = new LineWriter({ ...sink, write: () => {} });
    writer.write('one\n');
    writer.write('two\n');
    writer.flushSync();
    expect(text()).toBe('');
  });
});

it('lets a process end by itself when nobody reads its log any more', async () => {
  const module = new URL('../../src/observe/index.ts', import.meta.url).href;
  const code = `import { once } from 'node:events';
    import { createLogger } from ${JSON.stringify(module)};
    const log = createLogger({ level: 'info' });
    const bugs = [];
    process.on('uncaughtException', (error) => { bugs.push(error); log.error({ err: error }, 'gateway.bug'); });
    await once(process.stdin, 'data');
    for (let n = 0; n < 1000; n++) log.info({ n }, 'x.y');
    await log.flush(); await log.flush();
    log.info({}, 'x.last');
    process.stdout.write(String(bugs.length));
    process.stdin.destroy();`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code]);
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stderr.destroy();
  await once(child.stderr, 'close');
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (data: string) => {
    out += data;
  });
  child.stdin.end('go');
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(out).toBe('0');
});
