import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type GatewayConfig, loadConfig } from '../../src/config/index.ts';
import { Credentials } from '../../src/gateway/credentials.ts';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { silentLog } from '../../src/shared/log.ts';
import { env, with_ } from '../config/example.ts';
import { tempDir } from '../store/temp-dir.ts';

const meta = (token: string, secret = 's1') => ({
  apps: [{ id: 'app', secret, verifyToken: 'v' }],
  pages: [{ id: '10', accessToken: token, app: 'app', route: 'desk' }],
  numbers: [{ id: '55', accessToken: token, app: 'app', route: 'desk', acceptWindowMs: 30_000 }],
});

it('knows the token of a Page with the secret and id of its app, and of no other Page', () => {
  const credentials = new Credentials({ meta: meta('t1'), clock: new FakeClock(), log: silentLog });
  expect(credentials.of('10')).toEqual({ accessToken: 't1', appSecret: 's1', appId: 'app' });
  expect(credentials.of('11')).toBeUndefined();
});

it('reads again when a token is refused, once a minute at most', () => {
  const clock = new FakeClock();
  let reads = 0;
  let now: ReturnType<typeof meta> | undefined = meta('t2', 's2');
  const reload = () => {
    reads += 1;
    return now;
  };
  const credentials = new Credentials({ meta: meta('t1'), reload, clock, log: silentLog });
  credentials.refused('10');
  expect(credentials.of('10')).toEqual({ accessToken: 't2', appSecret: 's2', appId: 'app' });
  expect(credentials.appSecrets).toEqual(['s2']);
  now = meta('t3');
  credentials.refused('10');
  expect(reads).toBe(1);
  clock.advance(60_000);
  credentials.refused('10');
  expect(credentials.of('10')?.accessToken).toBe('t3');
  // A file that is being written is not the end of what is known.
  now = undefined;
  clock.advance(60_000);
  credentials.refused('10');
  expect([reads, credentials.of('10')?.accessToken]).toEqual([3, 't3']);
});

it('a Page that is gone from the file keeps what it has: Pages change with a restart', () => {
  const reload = () => ({ apps: [], pages: [], numbers: [] });
  const credentials = new Credentials({ meta: meta('t1'), reload, clock: new FakeClock(), log: silentLog });
  credentials.refresh();
  expect(credentials.of('10')).toEqual({ accessToken: 't1', appSecret: 's1', appId: 'app' });
});

it('a token file that was rotated is read through the configuration', async () => {
  const dir = await tempDir();
  const [token, config] = [join(dir, 'token'), join(dir, 'config.yaml')];
  await writeFile(token, 'old\n');
  await writeFile(config, with_(/accessToken: .*/, `accessToken: file:${token}`));
  const read = (): GatewayConfig['meta'] => {
    const loaded = loadConfig(config, { env, readFile: (path) => readFileSync(path, 'utf8') });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
    return loaded.value.meta;
  };
  const page = read().pages[0]?.id ?? '';
  const credentials = new Credentials({ meta: read(), reload: read, clock: new FakeClock(), log: silentLog });
  expect(credentials.of(page)?.accessToken).toBe('old');
  await writeFile(token, 'new\n');
  credentials.refused(page);
  expect(credentials.of(page)?.accessToken).toBe('new');
});

it('another configuration: Pages, apps and secrets of before sign nothing any more; a Page that is gone keeps its token', () => {
  const credentials = new Credentials({ meta: meta('t1'), clock: new FakeClock(), log: silentLog });
  credentials.replace({
    apps: [{ id: 'app', secret: 's2', verifyToken: 'w' }],
    pages: [{ id: '11', accessToken: 't2', app: 'app', route: 'desk' }],
    numbers: [],
  });
  expect(credentials.appSecrets).toEqual(['s2']);
  expect(credentials.verifyTokens).toEqual(['w']);
  expect(credentials.of('11')).toEqual({ accessToken: 't2', appSecret: 's2', appId: 'app' });
  expect(credentials.of('10')?.accessToken).toBe('t1');
});
