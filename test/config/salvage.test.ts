import { expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { salvageConfig } from '../../src/config/index.ts';
import { keyOf } from '../../src/config/problem.ts';
import { env, example } from './example.ts';

function salvage(change: (yaml: ReturnType<typeof parse>) => void, from: Record<string, string> = env) {
  const yaml = parse(example);
  change(yaml);
  const salvaged = salvageConfig('gateway.yaml', {
    env: from,
    readFile: (path) => {
      if (path === 'gateway.yaml') return stringify(yaml);
      throw new Error('ENOENT');
    },
    folderProblem: (folder) => (folder.startsWith('/nowhere') ? 'ENOENT' : undefined),
  });
  if (!salvaged) throw new Error('nothing is left');
  return { ...salvaged, keys: salvaged.amiss.map(({ path }) => keyOf(path)).toSorted() };
}

it('takes out no more than it must: the rest stays, with its defaults', () => {
  const { config, keys } = salvage((yaml) => {
    yaml.journal.path = '/nowhere/journal.jsonl';
    yaml.trunks.pbx.credentials = { username: 'me', password: '${NOBODY_SET_IT}' };
    yaml.limits.maxCalls = 'many';
  });
  expect(keys).toEqual(['journal.path', 'limits.maxCalls', 'trunks.pbx.credentials'].toSorted());
  expect(config).toMatchObject({
    journal: {},
    trunks: { pbx: { host: '192.0.2.20', dtmf: 'auto' } },
    limits: { maxCalls: 200 },
    records: { path: '/var/lib/msgw/calls.jsonl' },
  });
  expect(config.journal.path).toBeUndefined();
});

it('of what is misspelt any key of its group may have been meant', () => {
  const { config, keys } = salvage((yaml) => {
    yaml.trunks.pbx.codec = ['PCMU'];
    yaml.jurnal = {};
  });
  expect(keys).toEqual(['jurnal', 'trunks.pbx']);
  expect(config.trunks['pbx']).toMatchObject({ host: '192.0.2.20' });
  expect(config.trunks['pbx']).not.toHaveProperty('codec');
});

it('a Page without its token goes, and names itself; one without its app is told, and stays', () => {
  const other = { id: '77', accessToken: '${OTHER}', app: '1234567890', route: 'support' };
  const lost = salvage((yaml) => void yaml.meta.pages.unshift(other));
  expect(lost.amiss).toEqual([{ path: ['meta', 'pages', 0], id: '77' }]);
  expect(lost.config.meta.pages.map(({ id }) => id)).toEqual(['102030405060708']);

  const all = salvage(() => undefined, { META_PAGE_TOKEN: 't' });
  expect(all.config.meta).toMatchObject({ apps: [], pages: [{ id: '102030405060708' }] });
  expect(all.amiss).toContainEqual({ path: ['meta', 'pages', 0, 'app'], id: '102030405060708' });
});

it('what must be there is there, though nothing of it is left', () => {
  const { config, keys } = salvage((yaml) => {
    yaml.meta = 'mine';
    yaml.trunks = undefined;
    yaml.routes = { support: { targets: [] } };
  });
  expect(keys).toEqual(expect.arrayContaining(['meta', 'trunks', 'routes.support']));
  expect(config).toMatchObject({
    meta: { apps: [], pages: [] },
    trunks: {},
    routes: {},
    limits: { maxCalls: 100 },
  });
});

it('a certificate that is not there leaves the listeners', () => {
  const { config, keys } = salvage((yaml) => {
    const tls = { certificates: [{ cert: '/nowhere/cert.pem', key: '/nowhere/key.pem' }] };
    yaml.sip.listen.push({ protocol: 'tls', address: '192.0.2.10', tls });
    yaml.admin.tls = { cert: '/nowhere/a.pem', key: '/nowhere/a.key' };
  });
  expect(keys).toEqual(expect.arrayContaining(['admin.tls', 'sip.listen[1].tls']));
  expect(config.sip.listen.map(({ protocol }) => protocol)).toEqual(['udp', 'tls']);
  expect(config.admin.tls).toBeUndefined();
});

it('is nothing but defaults of what is no YAML, no group, or not there', () => {
  const nothing = { amiss: [{ path: [] }], config: { trunks: {}, limits: { maxCalls: 200 } } };
  for (const text of ['meta: [', 'gateway', '- meta'])
    expect(salvageConfig('x', { env, readFile: () => text })).toMatchObject(nothing);
  expect(salvageConfig('/nowhere/gateway.yaml')).toMatchObject(nothing);
});
