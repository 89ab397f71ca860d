import { expect, it } from 'vitest';
import { isRedirect, RedirectTrail } from '../../src/routing/index.ts';

const first = { trunk: 'pbx', user: '100' };
const anywhere = (uri: string) => ({ trunk: 'pbx', user: /sip:([^@]*)@/.exec(uri)?.[1] ?? '' });
const took = (trail: RedirectTrail, users: readonly string[], status = 302) =>
  trail.take({ status, user: '100', contacts: users.map((user) => `sip:${user}@pbx`) }, anywhere);

it('tries places in their order, those of a later 3xx first', () => {
  const trail = new RedirectTrail(first);
  expect(took(trail, ['1', '2'])).toEqual([]);
  expect(trail.next()).toEqual({ trunk: 'pbx', user: '1' });
  took(trail, ['3']);
  expect([trail.next(), trail.next(), trail.next()]).toEqual([
    { trunk: 'pbx', user: '3' },
    { trunk: 'pbx', user: '2' },
    undefined,
  ]);
});

it('calls nobody twice, the first one neither', () => {
  const trail = new RedirectTrail(first);
  expect(took(trail, ['100', '1', '1'])).toEqual(['loop', 'loop']);
  trail.next();
  expect(took(trail, ['1', '100'])).toEqual(['loop', 'loop']);
  expect(trail.next()).toBeUndefined();
});

it('goes no further than five', () => {
  const trail = new RedirectTrail(first);
  let last: ReturnType<RedirectTrail['next']>;
  let count = 0;
  do {
    took(trail, [`${200 + count}`]);
    last = trail.next();
    count += 1;
  } while (typeof last === 'object' && count < 100);
  expect([last, count]).toEqual(['too-many', 6]);
});

it('says why a place is none, and asks a proxy (305) for the same user', () => {
  const trail = new RedirectTrail(first);
  const asked: string[] = [];
  const refuse = (uri: string): string => {
    asked.push(uri);
    return 'ROUTING_TARGET_ELSEWHERE';
  };
  expect(trail.take({ status: 305, user: 'a b', contacts: ['sip:proxy.example.com;lr'] }, refuse)).toEqual([
    'ROUTING_TARGET_ELSEWHERE',
  ]);
  trail.take({ status: 305, user: '7', contacts: ['sip:x@proxy.example.com:5070'] }, refuse);
  expect(asked).toEqual(['sip:a%20b@proxy.example.com;lr', 'sip:7@proxy.example.com:5070']);
  expect(trail.next()).toBeUndefined();
  expect([300, 301, 302, 305, 304, 380, 200, 486].filter(isRedirect)).toEqual([300, 301, 302, 305]);
});
