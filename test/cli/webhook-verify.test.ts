import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { signatureOf } from '../../src/meta/index.ts';
import { APP_SECRET, metaWorld, PAGE, PSID } from './support/meta-world.ts';

const BODY = JSON.stringify({
  object: 'page',
  entry: [
    {
      id: PAGE,
      time: 1_789_000_000,
      calls: [
        {
          id: 'c_9ZtQ4mR7wLk2',
          event: 'connect',
          from: PSID,
          to: PAGE,
          timestamp: 1_789_000_000,
          call_direction: 'user_initiated',
        },
      ],
    },
    { id: '999', time: 1_789_000_000, messaging: [{ message: {} }] },
  ],
});
const SIGNATURE = signatureOf(Buffer.from(BODY), APP_SECRET);

async function verify(body: string, signature: string, ...more: string[]): Promise<Record<string, unknown>> {
  const world = await metaWorld();
  const file = join(world.folder, 'body.bin');
  writeFileSync(file, body);
  return world.json('webhook', 'verify', file, '--signature', signature, ...more);
}

it('names the app that signed a captured body and what is in it, not whom it is about', async () => {
  const said = await verify(BODY, `X-Hub-Signature-256: ${SIGNATURE}`);
  expect(said).toMatchObject({
    code: 0,
    app: '1234567890',
    events: [{ kind: 'connect', pageId: PAGE, callId: 'c_9ZtQ4mR7wLk2', direction: 'user_initiated' }],
    ignored: [{ nature: 'foreign', count: 1 }],
  });
  expect(JSON.stringify(said)).not.toContain(PSID);
  expect(JSON.stringify(await verify(BODY, SIGNATURE, '--verbose'))).toContain(PSID);
});

it('says why a signature may not fit', async () => {
  expect(await verify(`${BODY}\n`, SIGNATURE)).toMatchObject({
    code: 1,
    app: null,
    problems: [{ field: 'FILE', message: expect.stringContaining('without the line end') }],
  });
  expect(await verify(BODY.replace(':', ': '), SIGNATURE)).toMatchObject({
    code: 1,
    problems: [{ field: '--signature', remedy: expect.stringContaining('meta.apps[].secret') }],
  });
  expect(await verify(BODY, 'sha1=abc')).toMatchObject({ code: 2, problems: [{ field: '--signature' }] });
});

it('a signed body that is no webhook is told as such; a file that is not there is wrong usage', async () => {
  const odd = 'not json';
  expect(await verify(odd, signatureOf(Buffer.from(odd), APP_SECRET))).toMatchObject({
    code: 0,
    problems: [{ field: 'FILE' }],
  });
  const world = await metaWorld();
  expect(await world.json('webhook', 'verify', '/nowhere', '--signature', SIGNATURE)).toMatchObject({
    code: 2,
    problems: [{ field: 'FILE', remedy: expect.stringContaining('path') }],
  });
  const { out } = await world.run('webhook', 'verify', world.config, '--signature', SIGNATURE);
  expect(out).toContain('signed by none of the apps');
});

it('reads a body from standard input, byte by byte', async () => {
  const world = await metaWorld();
  const body = Buffer.from(BODY.replace('messaging', 'm\\u0065ssaging'));
  const entry = new URL('../../src/cli/msgw.ts', import.meta.url).pathname;
  const signature = signatureOf(body, APP_SECRET);
  const args = [
    entry,
    'webhook',
    'verify',
    '-',
    '--signature',
    signature,
    '--config',
    world.config,
    '--json',
  ];
  const { status, stdout } = spawnSync(process.execPath, args, { input: body, encoding: 'utf8' });
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, bytes: body.length, events: [{ kind: 'connect' }] });
});
