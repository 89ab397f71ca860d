import { expect, it } from 'vitest';
import { openDoors } from '../../src/config/open-doors.ts';
import { configOf, example } from './example.ts';

const config = configOf(example);
const keys = (changed: Parameters<typeof openDoors>[0], env = {}): string[] =>
  openDoors(changed, env).map(({ path }) => path.join('.'));
const postgres = { table: 'x', migrate: true };
const tls = {
  certificates: [],
  clientCertificate: 'none' as const,
  acceptAnyServer: false,
  allowWildcards: false,
  minVersion: 'TLSv1.2' as const,
};

it('the example opens no door', () => {
  expect(keys(config)).toEqual([]);
});

it.each([
  ['http://graph.example.com', ['meta.graphUrl']],
  ['http://127.0.0.1.example.com', ['meta.graphUrl']],
  ['https://graph.example.com', []],
  ['http://127.0.0.1:8080', []],
  ['http://[::1]:8080', []],
  ['http://localhost:8080', []],
])('graphUrl %s: %j', (graphUrl, found) => {
  expect(keys({ ...config, meta: { ...config.meta, graphUrl } })).toEqual(found);
});

it.each([
  [{ postgres: { ...postgres, url: 'postgres://a:b@db.example.com/c' } }, ['records.postgres.url']],
  [
    { postgres: { ...postgres, url: 'postgres://a:b@db.example.com/c?sslmode=require' } },
    ['records.postgres.url'],
  ],
  [{ postgres: { ...postgres, url: 'postgres://a:b@db.example.com/c?sslmode=verify-full' } }, []],
  [{ postgres: { ...postgres, url: 'postgres://a:b@127.0.0.1/c' } }, []],
])('records %j: %j', (more, found) => {
  expect(keys({ ...config, records: { ...config.records, ...more } })).toEqual(found);
});

it.each([
  ['acceptAnyServer', { acceptAnyServer: true }],
  ['allowWildcards', { allowWildcards: true }],
])('sip.listen.tls.%s is warned of', (key, more) => {
  const [first] = config.sip.listen;
  if (!first) throw new Error('the example has no listener');
  const listen = [{ ...first, protocol: 'tls' as const, tls: { ...tls, ...(more as object) } }];
  expect(keys({ ...config, sip: { ...config.sip, listen } })).toEqual([`sip.listen.0.tls.${key}`]);
});

it('NODE_TLS_REJECT_UNAUTHORIZED=0 is warned of, and named', () => {
  const [found] = openDoors(config, { NODE_TLS_REJECT_UNAUTHORIZED: '0' });
  expect(found?.message).toContain('NODE_TLS_REJECT_UNAUTHORIZED=0');
  expect(openDoors(config, { NODE_TLS_REJECT_UNAUTHORIZED: '1' })).toEqual([]);
});
