import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { type Begun, limitYoungHeap } from '../../src/cli/young-heap.ts';
import { tempDir } from '../store/temp-dir.ts';

const LIMIT = '--max-semi-space-size=4';

/** What it is begun again with; undefined: it goes on as it is. */
function againOf(begun: Partial<Begun>): readonly string[] | undefined {
  let again: readonly string[] | undefined;
  limitYoungHeap({
    platform: 'linux',
    execPath: process.execPath,
    execArgv: ['--trace-warnings'],
    argv: [process.execPath, '/app/msgw.js', 'run', '--config', 'a file.yaml'],
    env: {},
    isDebugged: false,
    hasChannel: false,
    replace: (file, args) => {
      expect(file).toBe(process.execPath);
      again = args;
    },
    ...begun,
  });
  return again;
}

it('begins again with the limit, with Node’s arguments and its own', () => {
  expect(againOf({})).toEqual([
    process.execPath,
    LIMIT,
    '--trace-warnings',
    '/app/msgw.js',
    'run',
    '--config',
    'a file.yaml',
  ]);
});

it.each<[string, Partial<Begun>]>([
  ['Node cannot', { replace: undefined }],
  ['the system cannot', { platform: 'win32' }],
  ['the limit is there', { execArgv: [LIMIT] }],
  ['somebody set another', { execArgv: ['--max_semi_space_size=32'] }],
  ['the environment sets it', { env: { NODE_OPTIONS: `--enable-source-maps ${LIMIT}` } }],
  ['a debugger is attached', { isDebugged: true }],
  ['its parent has a channel to it', { hasChannel: true }],
  ['Node itself is gone, such as after an update', { execPath: '/nowhere/node' }],
])('goes on as it is where %s', (_, begun) => {
  expect(againOf(begun)).toBeUndefined();
});

it('goes on where Node forbids it', () => {
  const replace = (): never => {
    throw new Error('ERR_ACCESS_DENIED');
  };
  expect(() => againOf({ replace })).not.toThrow();
});

it('is the same process, with its environment and its output', async () => {
  const script = join(await tempDir(), 'begins.mjs');
  const file = new URL('../../src/cli/young-heap.ts', import.meta.url).href;
  await writeFile(
    script,
    `import { limitYoungHeap } from ${JSON.stringify(file)};
    console.log('begun');
    limitYoungHeap();
    console.log(JSON.stringify([process.pid, process.execArgv, process.argv[2], process.env.WORD]));`,
  );
  const child = spawn(process.execPath, [script, 'a word'], {
    env: { ...process.env, NODE_OPTIONS: '', WORD: 'kept' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said = await text(child.stdout);
  const isLimited = process.execve !== undefined;
  expect(said.trim().split('\n')).toEqual([
    ...(isLimited ? ['begun', 'begun'] : ['begun']),
    JSON.stringify([child.pid, isLimited ? [LIMIT] : [], 'a word', 'kept']),
  ]);
});
