import { Type } from 'typebox';
import { route } from './route.ts';
import { choice, count, flag, named, only, optional, text, timestamp } from './shapes.ts';

const VALUE = Type.Union([Type.String(), Type.Number(), Type.Boolean()]);

const CHANGE = Type.Object({
  key: text('As `trunks.pbx.port`; items of a list that have ids by their id.'),
  kind: choice(['added', 'removed', 'changed'], 'What became of it.'),
  needsRestart: flag('It waits for the next start.'),
  from: optional(VALUE),
  to: optional(VALUE),
});

const WARNING = Type.Object({
  key: text('As in a change.'),
  line: optional(count('Of the file, from 1.')),
  column: optional(count('From 1.')),
  message: text('What is said, and hardly meant.'),
  remedy: text('What to do about it.'),
});

const EXAMPLE = {
  outcome: 'applied',
  changes: [
    { key: 'limits.maxCalls', kind: 'changed', needsRestart: false, from: 100, to: 120 },
    { key: 'admin.listen.port', kind: 'changed', needsRestart: true, from: 9090, to: 9091 },
  ],
  needsRestart: ['admin.listen.port'],
  warnings: [],
};

const RELOAD = named(
  'Reload',
  {
    outcome: choice(
      ['applied', 'unchanged', 'planned'],
      '`unchanged`: there was nothing to take up; `planned`: it was only asked for.',
    ),
    changes: Type.Array(CHANGE, {
      description:
        'Against what is in effect; `from` and `to` where each is one value and no secret. Those that wait for a restart included.',
    }),
    needsRestart: Type.Array(Type.String(), { description: 'Keys that wait for the next start.' }),
    warnings: Type.Array(WARNING),
  },
  { examples: [EXAMPLE] },
);

const PROBLEMS = {
  409: 'it cannot be had while the gateway runs, or the gateway is ending: nothing was changed',
  422: 'the file has problems, each with `line` and `column`: nothing was changed',
} as const;

export const reload = route({
  method: 'POST',
  path: '/reload',
  scope: 'config',
  summary: 'Takes the configuration file up as it is now: all of it but what needs a restart, or nothing.',
  replies: { 200: RELOAD },
  problems: PROBLEMS,
});

export const planReload = route({
  method: 'GET',
  path: '/reload',
  scope: 'config',
  summary: 'What a reload would do now, without doing it.',
  replies: { 200: RELOAD },
  problems: PROBLEMS,
});

const LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

const LOG_LEVEL = named(
  'LogLevel',
  {
    level: choice(LEVELS, 'Least severity that is logged now.'),
    configured: choice(LEVELS, 'What the configuration says.'),
    until: optional(timestamp('When the configured one counts again')),
  },
  { examples: [{ level: 'debug', configured: 'info', until: '2026-11-21T09:40:00.000Z' }] },
);

const NO_LEVEL = { 409: 'the log is not the gateway to change' } as const;

export const getLogLevel = route({
  method: 'GET',
  path: '/log-level',
  scope: 'read',
  summary: 'How much is logged.',
  replies: { 200: LOG_LEVEL },
  problems: NO_LEVEL,
});

export const setLogLevel = route({
  method: 'PUT',
  path: '/log-level',
  scope: 'config',
  summary:
    'Changes how much is logged, for a while or until somebody says otherwise. `debug` names consumers.',
  body: only({
    level: choice(LEVELS, `Use one of: ${LEVELS.join(', ')}.`),
    forMs: optional(
      Type.Integer({
        minimum: 1_000,
        maximum: 86_400_000,
        description: 'Then the configured level counts again: from a second to a day, milliseconds.',
      }),
    ),
  }),
  replies: { 200: LOG_LEVEL },
  problems: NO_LEVEL,
});
