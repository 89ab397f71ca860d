import { Type } from 'typebox';
import { flag, secret, strict, text, whole } from './schema-kinds.ts';

const rotate = Type.Object(
  {
    maxBytes: whole(
      'Bytes after which a new file is begun; 0: never for that.',
      0,
      1_000_000_000_000,
      100_000_000,
    ),
    daily: flag("Begin a new file each day, by this machine's time zone (TZ).", false),
    keep: whole('How many of the former files are kept; 0: all.', 0, 100_000, 0),
    keepDays: whole('Days that they are kept; 0: for ever.', 0, 36_500, 0),
    gzip: flag('Compress the former files, but the newest.', false),
  },
  {
    ...strict,
    default: {},
    description:
      'When records.path is written full: `calls.jsonl` becomes `calls-000001-2026-11-21.jsonl`. What logrotate takes away is made anew.',
  },
);

const sqlite = Type.Object(
  {
    path: text('File of the database; `-wal` and `-shm` lie beside it.'),
    keepDays: whole('Days that records are kept in it; 0: for ever.', 0, 36_500, 0),
  },
  {
    ...strict,
    description: 'Records in a SQLite database as well, for `msgw records` and queries of your own.',
  },
);

const webhook = Type.Object(
  {
    url: text('Where each record is posted; a redirect is not followed.', {
      format: 'url',
      examples: ['https://crm.example.org/calls'],
    }),
    secret: secret('Signs each post (Standard Webhooks): `whsec_` and 24 to 64 bytes in base64.', {
      format: 'whsec',
    }),
    formerSecret: Type.Optional(
      secret('The secret before it: both sign, until the receiver knows the new one.', { format: 'whsec' }),
    ),
    timeoutMs: whole('Longest wait for an answer, ms.', 100, 60_000, 10_000),
    deadAfterDays: whole(
      'Days after which a record that is not taken is given up, into the file of dead letters (records.spool + .dead).',
      1,
      365,
      7,
    ),
  },
  {
    ...strict,
    description:
      'Records posted as signed events as well: at least once, with an id that stays the same (`webhook-id`), again and again until the answer is 2xx.',
  },
);

const postgres = Type.Object(
  {
    url: secret('`postgres://user:password@host/database`; `?sslmode=verify-full` for TLS.'),
    table: text('Table, with or without its schema.', {
      default: 'msgw_calls',
      pattern: '^[a-z_][a-z0-9_]{0,40}(\\.[a-z_][a-z0-9_]{0,40})?$',
      examples: ['msgw_calls'],
    }),
    migrate: flag('Make the table and add columns that are missing; otherwise that is yours.', true),
  },
  {
    ...strict,
    description: 'Records in a table of PostgreSQL as well. Needs the package pg: `npm install pg`.',
  },
);

/** Where call records go: one of each call to every place that is named. */
export const records = Type.Object(
  {
    path: text(
      'File for call records, one JSON object a line; `-` is standard output, `off` none (then another place must be named).',
      { default: '-' },
    ),
    rotate,
    spool: Type.Optional(
      text(
        'File of records that are not everywhere yet; default: journal.path + .records; without a journal they are lost with the process.',
        { reload: 'restart' },
      ),
    ),
    sqlite: Type.Optional(sqlite),
    webhook: Type.Optional(webhook),
    postgres: Type.Optional(postgres),
  },
  {
    ...strict,
    default: {},
    reload: 'live',
    description: 'Call records (records.md says what is in one).',
  },
);
