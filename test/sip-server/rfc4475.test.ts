import { expect, test } from 'vitest';
import { judge } from './conformance/judge.ts';
import { RFC4475 } from './conformance/rfc4475.ts';
import { FOREIGN, foreignFiles, messageNames, tortureMessage } from './conformance/torture.ts';
import type { Expected, TortureCase } from './conformance/verdict.ts';

test('the messages at hand are the 49 of the RFC; what else lies there is known', () => {
  expect(RFC4475.map(({ name }) => name).sort()).toEqual(messageNames());
  expect(RFC4475).toHaveLength(49);
  expect(foreignFiles().sort()).toEqual(Object.keys(FOREIGN).sort());
});

test('every message ends its header, and says its length right unless that is its point', () => {
  const wrong = new Set(['clerr', 'ncl', 'mcl01', 'dblreq', 'inv2543']);
  for (const { name } of RFC4475) {
    const message = tortureMessage(name);
    const end = message.indexOf('\r\n\r\n');
    expect(end, name).toBeGreaterThan(0);
    const length = /^(?:content-length|l)\s*:\s*(\d+)/im.exec(message.toString('latin1', 0, end))?.[1];
    if (!wrong.has(name)) expect(Number(length), name).toBe(message.length - end - 4);
  }
});

test.each(RFC4475.map((each) => [each.section, each.name, each] as const))(
  '%s %s',
  async (_section, name, each) => {
    expect(await judge(each, tortureMessage(name))).toEqual([]);
  },
);

const named = (name: string): TortureCase => RFC4475.find((each) => each.name === name)!;

test.each<[string, string, Expected]>([
  ['served although it should be refused', 'semiuri', { outcome: 'answered', status: 400 }],
  ['refused although it should be served', 'unkscm', { outcome: 'delivered' }],
  ['another status', 'insuf', { outcome: 'answered', status: 500 }],
  ['answered although it should be dropped', 'insuf', { outcome: 'dropped' }],
  ['another value', 'zeromf', { outcome: 'delivered', reads: { 'Max-Forwards': '1' } }],
  ['another target', 'semiuri', { outcome: 'delivered', uri: 'sip:user@example.com' }],
  ['a header too many', 'zeromf', { outcome: 'delivered', lacks: ['Max-Forwards'] }],
  ['a response shown', 'unreason', { outcome: 'response', to: 'dropped' }],
  ['a response dropped', 'bcast', { outcome: 'response', to: 'application' }],
  ['a response that counts', 'noreason', { outcome: 'response', to: 'dropped' }],
  ['a response that does not count', 'bigcode', { outcome: 'response', to: 'swallowed' }],
])('the judge tells %s', async (_fault, name, expected) => {
  expect(await judge({ ...named(name), expected }, tortureMessage(name))).not.toEqual([]);
});
