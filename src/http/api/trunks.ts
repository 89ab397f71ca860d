import { Type } from 'typebox';
import { route } from './route.ts';
import { choice, count, figure, flag, named, optional, text, timestamp } from './shapes.ts';

export const TRUNK = named(
  'Trunk',
  {
    trunk: text('Its name in the configuration.'),
    up: flag('Whether targets of it are tried first.'),
    since: timestamp('When that last changed, or the start'),
    why: optional(text('What made it so.')),
    troubles: Type.Array(
      Type.Object({
        source: choice(['qualify', 'registration', 'congestion'], 'Who speaks against it.'),
        why: text('In words.'),
      }),
      { description: 'What speaks against it now.' },
    ),
    calls: Type.Object(
      { in: count('From it.'), out: count('To it.') },
      { description: 'Calls that are up.' },
    ),
    limits: Type.Object(
      {
        maxCalls: optional(count('Calls at once, both ways together.')),
        callsPerSecond: optional(figure('New calls to it in a second.')),
      },
      { description: 'Of the configuration.' },
    ),
    refused: Type.Object(
      { full: count('Over maxCalls.'), rate: count('Over callsPerSecond.') },
      { description: 'Calls that were not let through since the start.' },
    ),
    roundTripMs: optional(figure('Of its last answer to OPTIONS, ms.')),
    removed: optional(flag('It is not in the configuration any more, and still has these calls.')),
  },
  {
    examples: [
      {
        trunk: 'pbx',
        up: true,
        since: '2026-11-21T09:30:00.000Z',
        why: 'OPTIONS: 200',
        troubles: [],
        calls: { in: 0, out: 3 },
        limits: { maxCalls: 30 },
        refused: { full: 0, rate: 0 },
        roundTripMs: 2.4,
      },
    ],
  },
);

export const listTrunks = route({
  method: 'GET',
  path: '/trunks',
  scope: 'read',
  summary: 'Every trunk: up or not, since when and why, calls, limits, round trip of OPTIONS.',
  replies: { 200: Type.Array(TRUNK) },
});
