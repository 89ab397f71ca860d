import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DEMO_PAGE, startWorld, type World } from '../../src/cli/demo/world.ts';
import { freePort, metaWorld, msgw, PAGE, PSID } from './support/meta-world.ts';

async function gateway(configure?: (yaml: Record<string, unknown>) => void): Promise<World> {
  const world = await startWorld(configure ? { configure } : {});
  onTestFinished(() => world.close());
  return world;
}

it('changes the directory of the gateway that runs', async () => {
  const { gateway: running } = await gateway();
  const world = await metaWorld({ pages: [DEMO_PAGE] });
  const at = ['--admin', running.adminUrl];
  expect(await world.json('directory', 'set', '*700#', PSID, ...at)).toEqual({
    code: 0,
    ok: true,
    where: 'gateway',
    number: '*700#',
    pageId: DEMO_PAGE,
    psid: PSID,
  });
  expect(await world.json('directory', 'list', ...at)).toMatchObject({
    where: 'gateway',
    entries: [{ number: '*700#', pageId: DEMO_PAGE, psid: PSID }],
  });
  expect(await world.json('directory', 'set', '*700#', '1', ...at)).toMatchObject({
    code: 1,
    problems: [{ field: 'number', remedy: expect.stringMatching(/./) }],
  });
  expect(await world.json('directory', 'remove', '*700#', ...at)).toMatchObject({ code: 0 });
  expect(await world.json('directory', 'remove', '*700#', ...at)).toMatchObject({ code: 1 });
});

describe('without a configuration', () => {
  const json = async (...args: string[]): Promise<Record<string, unknown>> => {
    const { code, out } = await msgw(['directory', ...args, '--json']);
    return { code, ...(JSON.parse(out) as object) };
  };

  it('finds the gateway as other commands do, which knows its Pages', async () => {
    const { gateway: running } = await gateway();
    const at = ['--admin-url', running.adminUrl];
    const entry = { number: '710', pageId: DEMO_PAGE, psid: PSID };
    expect(await json('set', '710', PSID, ...at)).toEqual({ code: 0, ok: true, where: 'gateway', ...entry });
    expect(await json('list', '--page', DEMO_PAGE, ...at)).toMatchObject({ code: 0, entries: [entry] });
    expect(await json('set', '711', PSID, '--page', '1', ...at)).toMatchObject({
      code: 2,
      problems: [{ field: '--page', message: 'the gateway has no Page 1.' }],
    });
    expect(await json('remove', '710', ...at)).toMatchObject({ code: 0 });
    expect(await json('list', ...at)).toMatchObject({ code: 0, entries: [] });
    expect(await json('list', '--offline')).toMatchObject({ code: 2, problems: [{ field: '--config' }] });
  });

  it('gives numbers with a token for that alone, if the Page is named', async () => {
    const { token, hash } = JSON.parse(
      (await msgw(['token', 'new', '--scopes', 'directory', '--json'])).out,
    ) as { token: string; hash: string };
    const { gateway: running } = await gateway((yaml) => {
      const tokens = [{ name: 'desk', scopes: ['directory'], hash }];
      yaml['admin'] = { listen: { address: '127.0.0.1', port: 0 }, tokens };
    });
    const at = ['--admin-url', running.adminUrl, '--token', token];
    expect(await json('set', '710', PSID, ...at)).toMatchObject({ code: 1, problems: [{ field: 'scope' }] });
    expect(await json('set', '710', PSID, '--page', DEMO_PAGE, ...at)).toMatchObject({ code: 0 });
    expect(await json('set', '711', '1', '--page', '1', ...at)).toMatchObject({
      code: 1,
      problems: [{ field: 'pageId' }],
    });
  });

  it('says that nobody is there', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    expect(await json('list', '--admin-url', url)).toMatchObject({
      code: 1,
      problems: [{ field: '--admin-url', message: `no gateway listens at ${url}.` }],
    });
  });
});

it('when no gateway runs it works on the file, which the gateway reads at its start', async () => {
  const port = await freePort();
  const world = await metaWorld({
    more: (folder) => ({
      admin: { listen: { address: '127.0.0.1', port } },
      outbound: { directory: { path: join(folder, 'directory.jsonl') } },
    }),
  });
  const path = join(world.folder, 'directory.jsonl');
  expect(await world.json('directory', 'set', '700', PSID)).toMatchObject({ code: 0, where: 'file' });
  expect(await world.json('directory', 'set', '700', '1')).toMatchObject({
    code: 1,
    problems: [{ field: 'number' }],
  });
  expect(await world.json('directory', 'set', '701', '1')).toMatchObject({ code: 0 });
  expect(await world.json('directory', 'remove', '701')).toMatchObject({ code: 0 });
  const { gateway: running } = await startWorld({
    configure: (yaml) => {
      yaml['outbound'] = { directory: { path } };
    },
  }).then((started) => {
    onTestFinished(() => started.close());
    return started;
  });
  const entries = [{ number: '700', pageId: PAGE, psid: PSID }];
  expect(await (await fetch(`${running.adminUrl}/directory`)).json()).toEqual(entries);
  writeFileSync(path, `${readFileSync(path, 'utf8')}half a li\n`);
  expect(await world.json('directory', 'list', '--offline')).toMatchObject({
    code: 0,
    entries,
    problems: [{ field: 'outbound.directory.path', message: '1 lines of it cannot be read.' }],
  });
  const { out } = await world.run('directory', 'list', '--offline', '--page', PAGE);
  expect(out).toContain(`700          ${PAGE} ${PSID}\n1 numbers\n`);
});

it('says what is needed when it is not known where to work', async () => {
  const port = await freePort();
  const without = await metaWorld({ more: () => ({ admin: { listen: { address: '127.0.0.1', port } } }) });
  expect(await without.json('directory', 'list')).toMatchObject({
    code: 2,
    problems: [{ field: 'outbound.directory.path' }],
  });
  const anywhere = await metaWorld({
    more: () => ({ admin: { listen: { address: '127.0.0.1', port: 0 } } }),
  });
  expect(await anywhere.json('directory', 'list')).toMatchObject({
    code: 2,
    problems: [{ field: '--admin-url' }],
  });
  const stranger = createServer((_request, response) => response.end('<html>'));
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', () => resolve()));
  onTestFinished(() => new Promise((resolve) => stranger.close(() => resolve())));
  const at = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`;
  expect(await anywhere.json('directory', 'list', '--admin', at)).toMatchObject({
    code: 1,
    problems: [{ field: '--admin-url', message: expect.stringContaining('no JSON') }],
  });
});
