import { describe, expect, it } from 'vitest';
import {
  checkMixed,
  configReference,
  formatChange,
  type GatewayConfig,
  planReload,
} from '../../src/config/index.ts';
import { configOf, example, with_, withEnv } from './example.ts';

const before = configOf(example);
const planOf = (after: GatewayConfig) => planReload(before, after);
const changed = (from: string | RegExp, to: string, env: Record<string, string> = {}) =>
  planOf(configOf(with_(from, to), withEnv(env)));

it('the same file is no change, and leaves the very same configuration in effect', () => {
  const plan = planOf(configOf(example));
  expect(plan).toMatchObject({ changes: [], needsRestart: [] });
  expect(plan.config).toBe(before);
});

describe('one change at a time', () => {
  it.each<[string, string | RegExp, string, object]>([
    [
      'a number',
      'maxCalls: 100',
      'maxCalls: 90',
      { key: 'limits.maxCalls', kind: 'changed', needsRestart: false, from: 100, to: 90 },
    ],
    [
      'a key that comes and needs a restart',
      '  portMin: 40000\n',
      '  portMin: 40000\n  bindAddress: 192.0.2.10\n',
      { key: 'webrtc.bindAddress', kind: 'added', needsRestart: true, to: '192.0.2.10' },
    ],
    [
      'a key of a trunk that had none',
      '    port: 5060\n',
      '    port: 5060\n    maxCalls: 3\n',
      { key: 'trunks.pbx.maxCalls', kind: 'added', needsRestart: false, to: 3 },
    ],
    [
      'a group of a trunk that had none',
      '    port: 5060\n',
      '    port: 5060\n    register: { user: gw }\n',
      { key: 'trunks.pbx.register', kind: 'added', needsRestart: false },
    ],
    [
      'a key that is gone',
      '    port: 5060\n',
      '',
      { key: 'trunks.pbx.port', kind: 'removed', needsRestart: false, from: 5060 },
    ],
    [
      'a new trunk',
      'trunks:\n',
      'trunks:\n  other: { host: 192.0.2.21 }\n',
      { key: 'trunks.other', kind: 'added', needsRestart: false },
    ],
    [
      'a listener',
      'address: 192.0.2.10, port: 5060',
      'address: 192.0.2.10, port: 5070',
      { key: 'sip.listen[0].port', kind: 'changed', needsRestart: true, from: 5060, to: 5070 },
    ],
    [
      'who may speak SIP, beside a listener that stays',
      'allow: [192.0.2.20]',
      'allow: [192.0.2.20, 192.0.2.21]',
      { key: 'sip.allow', kind: 'changed', needsRestart: false },
    ],
    [
      'the admin port',
      'port: 9090',
      'port: 9091',
      { key: 'admin.listen.port', kind: 'changed', needsRestart: true, from: 9090, to: 9091 },
    ],
    [
      'a port range',
      'portMax: 34999',
      'portMax: 34997',
      { key: 'rtp.portMax', kind: 'changed', needsRestart: true },
    ],
    [
      'a route of a Page',
      /name: Support # .*/,
      'name: Sales',
      {
        key: 'meta.pages[102030405060708].name',
        kind: 'changed',
        needsRestart: false,
        from: 'Support',
        to: 'Sales',
      },
    ],
    [
      'one target of two',
      'trunk: pbx, user: "100"',
      'trunk: pbx, user: "101"',
      { key: 'routes.support.targets[1].user', kind: 'changed', from: '100', to: '101' },
    ],
  ])('%s', (_name, from, to, change) => {
    expect(changed(from, to).changes).toMatchObject([change]);
  });

  it('a secret is named, and neither of its values told', () => {
    const after = configOf(example, withEnv({ META_PAGE_TOKEN: 'rotated' }));
    const { changes, config } = planOf(after);
    expect(changes).toEqual([
      { key: 'meta.pages[102030405060708].accessToken', kind: 'changed', needsRestart: false },
    ]);
    expect(config.meta.pages[0]?.accessToken).toBe('rotated');
    expect(JSON.stringify(changes)).not.toContain('rotated');
  });
});

describe('what is in effect afterwards', () => {
  it('has every change but those that wait for a restart, and keeps what did not change as it is', () => {
    const after = configOf(
      with_('maxCalls: 100', 'maxCalls: 90').replace('port: 9090', 'port: 9091').replace('8080', '8081'),
    );
    const { config, needsRestart } = planOf(after);
    expect(needsRestart).toEqual(['http.listen.port', 'admin.listen.port']);
    expect(config.limits.maxCalls).toBe(90);
    expect([config.admin.listen.port, config.http.listen.port]).toEqual([9090, 8080]);
    expect(config.trunks).toBe(before.trunks);
    expect(config.admin).toBe(before.admin);
    // What waits is told again at the next reload.
    expect(planReload(config, after).needsRestart).toEqual(needsRestart);
    expect(planReload(config, after).config).toBe(config);
  });

  it('keeps what is removed and needs a restart, and drops what is added and needs one', () => {
    const path = before.journal.path;
    const without = configOf(with_(/^ {2}path: .*journal.*\n/m, '').replace('journal:', 'journal: {}'));
    const gone = planReload(before, without);
    expect(gone.changes).toMatchObject([{ key: 'journal.path', kind: 'removed', needsRestart: true }]);
    expect(path).toBeDefined();
    expect(gone.config.journal.path).toBe(path);
    expect(planReload(without, before).config.journal.path).toBeUndefined();
    const registrar = { accounts: [{ user: 'desk1', password: 'p' }] };
    const added = planOf({ ...before, sip: { ...before.sip, registrar: registrar as never } });
    expect(added.needsRestart).toEqual(['sip.registrar']);
    expect(added.config).toBe(before);
  });

  it('an account of a registrar that is there comes at once', () => {
    const text = with_(
      /^ {2}# registrar: .*$/m,
      '  registrar: { accounts: [{ user: desk1, password: "${ONE}" }] }',
    );
    const one = configOf(text, withEnv({ ONE: '1' }));
    const two = configOf(
      text.replace('"${ONE}" }', '"${ONE}" }, { user: desk2, password: "${ONE}" }'),
      withEnv({ ONE: '1' }),
    );
    expect(planReload(one, two).changes).toEqual([
      { key: 'sip.registrar.accounts[desk2]', kind: 'added', needsRestart: false },
    ]);
    expect(planReload(one, two).config.sip.registrar?.accounts.map(({ user }) => user)).toEqual([
      'desk1',
      'desk2',
    ]);
    const password = planReload(one, configOf(text, withEnv({ ONE: '2' })));
    expect(password.changes.map(({ key }) => key)).toEqual(['sip.registrar.accounts[desk1].password']);
  });

  it('the order of Pages says nothing, that of rules and targets does', () => {
    const twoPages = (first: string, second: string): GatewayConfig => {
      const [page] = before.meta.pages;
      if (!page) throw new Error('no page');
      return { ...before, meta: { ...before.meta, pages: [first, second].map((id) => ({ ...page, id })) } };
    };
    expect(planReload(twoPages('1', '2'), twoPages('2', '1')).changes).toEqual([]);
    const [first, second] = before.routes['support']?.targets ?? [];
    const support = { ...before.routes['support'], targets: [second, first] };
    expect(planOf({ ...before, routes: { support } } as GatewayConfig).changes).not.toEqual([]);
  });
});

it('a mix that needs a listener of the next start is no configuration', () => {
  const text = with_('    port: 5060\n', '    port: 5061\n    transport: tcp\n').replace(
    '    - { protocol: udp, address: 192.0.2.10, port: 5060 }\n',
    '    - { protocol: udp, address: 192.0.2.10, port: 5060 }\n    - { protocol: tcp, address: 192.0.2.10 }\n',
  );
  const plan = planOf(configOf(text));
  expect(plan.needsRestart).toEqual(['sip.listen']);
  expect(checkMixed(plan.config)).toMatchObject([
    { key: 'trunks.pbx.transport', message: 'sip.listen has no tcp listener.' },
  ]);
});

it('lines of a plan', () => {
  const { changes } = changed('maxCalls: 100', 'maxCalls: 90');
  expect(changes.map(formatChange)).toEqual(['limits.maxCalls: 100 -> 90']);
  const more = changed('trunks:\n', 'trunks:\n  other: { host: 192.0.2.21 }\n');
  expect(more.changes.map(formatChange)).toEqual(['trunks.other: added']);
  const waiting = changed('port: 9090', 'port: 9091');
  expect(waiting.changes.map(formatChange)).toEqual(['admin.listen.port: 9090 -> 9091 (needs a restart)']);
});

/** Every value of a configuration, with the name that the reference page has for its key. */
function leaves(
  value: unknown,
  key = '',
  path: (string | number)[] = [],
): { key: string; path: (string | number)[] }[] {
  if (Array.isArray(value)) return value.flatMap((item, i) => leaves(item, `${key}[]`, [...path, i]));
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([name, item]) => {
      const shown = /^(trunks|routes|schedules)$/.test(key) ? '<name>' : name;
      return leaves(item, key === '' ? shown : `${key}.${shown}`, [...path, name]);
    });
  }
  return [{ key, path }];
}

/** The same configuration with another value at that place. */
function altered<T>(config: T, path: readonly (string | number)[]): T {
  const copy = structuredClone(config);
  let at = copy as Record<string | number, unknown>;
  for (const part of path.slice(0, -1)) at = at[part] as Record<string | number, unknown>;
  const last = path.at(-1) ?? '';
  const value = at[last];
  at[last] =
    typeof value === 'number' ? value + 1 : typeof value === 'boolean' ? !value : `${String(value)}x`;
  return copy;
}

describe('every key of the example and of its defaults', () => {
  const page = new Map(
    configReference()
      .split('\n')
      .flatMap((line) => {
        const [, key, , , reload] = /^\| `([^`]+)` \| (.*?) \| (.*?) \| (yes)? ?\| /.exec(line) ?? [];
        return key === undefined ? [] : [[key, reload === 'yes'] as const];
      }),
  );
  const all = leaves(before).filter(({ key }) => page.has(key) && !/\.(id|app)$/.test(key));

  it('is on the page', () => {
    expect(all.length).toBeGreaterThan(60);
    expect(page.get('limits.maxCalls')).toBe(true);
    expect(page.get('http.listen.port')).toBe(false);
    expect(page.get('trunks.<name>.host')).toBe(true);
  });

  it.each(all)('$key is planned as the page says', ({ key, path }) => {
    const { changes, config, needsRestart } = planOf(altered(before, path));
    const isLive = page.get(key);
    expect(changes).toHaveLength(1);
    expect(needsRestart).toHaveLength(isLive ? 0 : 1);
    expect(config === before).toBe(!isLive);
  });
});
