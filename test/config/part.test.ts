import { expect, it } from 'vitest';
import { loadPart, type Section } from '../../src/config/index.ts';
import { example } from './example.ts';

const partOf = <S extends Section>(
  text: string,
  purpose: { readonly sections?: readonly S[]; readonly secrets?: boolean },
  env: Readonly<Record<string, string>> = {},
) =>
  loadPart('gateway.yaml', purpose, {
    env,
    readFile: (path) => {
      if (path === 'gateway.yaml') return text;
      throw new Error(`nobody asked for ${path}`);
    },
    folderProblem: () => 'nobody asked',
  });

const BROKEN = `
meta: { apps: none, pages: [{ id: 12 }] }
trunk: { pbx: 1 }
admin:
  listen: { address: 192.0.2.10, port: "\${ADMIN_PORT}" }
  tls: { cert: /nowhere/cert.pem, key: /nowhere/key.pem, passphrase: "\${NOBODY_SET_IT}" }
  tokens: [{ name: wallboard, scopes: [read], secret: file:/nowhere/token }]
`;

it('is right when its own section is, whatever the others are', () => {
  const loaded = partOf(BROKEN, { sections: ['admin'], secrets: false }, { ADMIN_PORT: '9443' });
  expect(loaded).toEqual({
    ok: true,
    value: {
      admin: expect.objectContaining({
        listen: { address: '192.0.2.10', port: 9443 },
        requestsPerSecond: 50,
      }),
    },
  });
});

it('tells every problem of its section with line and remedy: values are taken, secrets where they are wanted', () => {
  const keysOf = (secrets: boolean): string[] => {
    const loaded = partOf(BROKEN, { sections: ['admin'], secrets });
    return loaded.ok ? [] : loaded.error.map(({ key, line }) => `${line} ${key}`);
  };
  expect(keysOf(false)).toEqual(['5 admin.listen.port']);
  expect(keysOf(true)).toEqual(['5 admin.listen.port', '6 admin.tls.passphrase', '7 admin.tokens[0].secret']);
});

it('has the defaults without a file', () => {
  expect(loadPart(undefined, { sections: ['admin', 'records'] })).toMatchObject({
    ok: true,
    value: { admin: { listen: { address: '127.0.0.1', port: 9090 } }, records: { path: '-' } },
  });
});

it('knows what must be in a section, and that one must be there', () => {
  const loaded = partOf('routes: {}', { sections: ['meta'] });
  expect(loaded).toMatchObject({ ok: false, error: [{ key: 'meta' }] });
  const lost = example.replace('app: "1234567890" # the app', 'app: "123" # the app');
  expect(partOf(lost, { sections: ['meta'], secrets: false })).toMatchObject({
    ok: false,
    error: [{ key: 'meta.pages[0].app', message: 'meta.apps has no "123".' }],
  });
});

it('is all of it, but for secrets, certificates and folders', () => {
  expect(partOf(example, { secrets: false })).toMatchObject({
    ok: true,
    value: { limits: { maxCalls: 100 } },
  });
  const lost = example.replace('{ trunk: pbx, user: "600"', '{ trunk: pxb, user: "600"');
  expect(partOf(lost, { secrets: false })).toMatchObject({
    ok: false,
    error: [{ key: 'routes.support.targets[0].trunk' }],
  });
});

it('says of a file that cannot be read, or is no YAML, what that is', () => {
  const purpose = { sections: ['admin'] } as const;
  expect(loadPart('/nowhere.yaml', purpose)).toMatchObject({ error: [{ line: 0, key: '' }] });
  expect(partOf('admin: {', purpose)).toMatchObject({ ok: false });
  expect(partOf('- admin', purpose)).toMatchObject({ ok: false });
});
