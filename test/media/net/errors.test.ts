import { constants } from 'node:os';
import { expect, it } from 'vitest';
import { countErrno, countError } from '../../../src/media/net/errors.ts';
import { newDatagramCounters } from '../../../src/shared/datagram.ts';

it.each([
  ['EAGAIN', 'full'],
  ['ENOBUFS', 'full'],
  ['EMSGSIZE', 'tooLong'],
  ['ECONNREFUSED', 'unreachable'],
  ['EHOSTUNREACH', 'unreachable'],
  ['ENETUNREACH', 'unreachable'],
  ['EPERM', 'unreachable'],
  ['EINVAL', 'failed'],
] as const)('counts %s once, as %s', (name, counter) => {
  const counters = newDatagramCounters();
  countErrno(counters, constants.errno[name]);
  expect(counters).toEqual({ ...newDatagramCounters(), [counter]: 1 });
  countError(counters, Object.assign(new Error(name), { errno: -constants.errno[name] }));
  expect(counters[counter]).toBe(2);
});
