import { Type } from 'typebox';
import { choice, strict, text, whole } from './schema-kinds.ts';

const texts = (description: string, options: object = {}) =>
  Type.Optional(Type.Array(text('One of them.', options), { description, minItems: 1 }));

const day = choice(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const, 'A day of the week.');

const schedule = Type.Object(
  {
    zone: text('Time zone, by its IANA name.', { format: 'zone', examples: ['Europe/Berlin'] }),
    hours: Type.Array(
      Type.Object(
        {
          days: Type.Array(day, { description: 'Days on which it begins.', minItems: 1, uniqueItems: true }),
          from: text('When it opens, in quotes.', { format: 'time', examples: ['"09:00"'] }),
          to: text('When it closes; not later than `from`: on the next day. "24:00" is the end of the day.', {
            format: 'time',
            examples: ['"17:30"'],
          }),
        },
        strict,
      ),
      {
        description: 'When it is open, by the clock on the wall, also over changes of daylight-saving time.',
      },
    ),
    holidays: Type.Array(text('A day, or days.', { format: 'holiday' }), {
      description:
        'When it is closed all the same: `2026-12-25`, `12-25` for every year, or first and last day, `2026-12-24/2026-12-27`, or with times, `2026-12-24T14:00/2026-12-27T08:00`.',
      default: [],
    }),
  },
  { ...strict, description: 'Hours of an office or a queue.' },
);

export const schedules = Type.Record(Type.String({ pattern: '^[A-Za-z0-9_-]+$' }), schedule, {
  ...strict,
  default: {},
  description: 'Hours, by name, for `open` and `closed` of routing rules.',
  reload: 'live',
});

/** Exactly one of them; a cross-check sees to it. */
const wanted = {
  route: Type.Optional(text('Ring this one of routes.')),
  announce: Type.Optional(
    text(
      'Take the call, play this to the consumer, and hang up: one of sounds.files, `busy-tone` or `congestion-tone`.',
    ),
  ),
  reject: Type.Optional(Type.Literal(true, { description: 'Reject the call at once: `true`.' })),
};

const after = (description: string) => Type.Optional(Type.Object(wanted, { ...strict, description }));

/** Of a route: what follows when it comes to nothing. */
export const treatments = {
  onBusy: after(
    'When somebody was busy or declined: `route`, `announce` or `reject`; default: the call ends.',
  ),
  onNoAnswer: after('When nobody answered: `route`, `announce` or `reject`; default: the call ends.'),
  onFailed: after('When nobody could be reached: `route`, `announce` or `reject`; default: the call ends.'),
};

const caller = Type.Object(
  {
    known: Type.Optional(
      Type.Boolean({
        description: 'Whether the consumer has a short number, or called before since the gateway started.',
      }),
    ),
    psids: texts('Ids of consumers: PSIDs, or wa_ids.'),
    aliases: texts('Short numbers (outbound.directory): `*` is any run of characters, `?` is one.'),
    languages: texts(
      'Languages of the Messenger profile, such as `de`, or `pt-BR`. The name is looked up before the call is routed then (at most meta.profileTimeoutMs); the app needs pages_user_locale.',
      { pattern: '^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$', examples: ['pt-BR'] },
    ),
  },
  { ...strict, description: 'Who calls.' },
);

const load = Type.Object(
  {
    calls: Type.Optional(whole('At least so many calls are up.', 1, 100_000)),
    percent: Type.Optional(whole('At least so much of limits.maxCalls is taken, percent.', 1, 100)),
    trunk: Type.Optional(text('One of trunks that takes no call now: down, or at its limit.')),
  },
  { ...strict, description: 'How busy the gateway is.' },
);

const rule = Type.Object(
  {
    name: Type.Optional(text('For logs, records and `msgw route test`; default: `#` and its place.')),
    when: Type.Object(
      {
        pages: texts('Ids of Pages or numbers, of meta.pages and meta.numbers.'),
        platform: Type.Optional(choice(['messenger', 'whatsapp'] as const, 'Where the call comes from.')),
        open: Type.Optional(text('One of schedules, which must be open.')),
        closed: Type.Optional(text('One of schedules, which must be closed.')),
        caller: Type.Optional(caller),
        load: Type.Optional(load),
      },
      { ...strict, default: {}, description: 'All of it must hold; nothing: every call.' },
    ),
    ...wanted,
  },
  { ...strict, description: 'What is done with some calls: `route`, `announce` or `reject`.' },
);

export const routing = Type.Object(
  {
    rules: Type.Array(rule, {
      description:
        'For calls of consumers: the first rule that fits counts; else the route of the Page or number.',
      default: [],
    }),
  },
  {
    ...strict,
    default: {},
    description: 'Which calls go where. `msgw route test` explains.',
    reload: 'live',
  },
);
