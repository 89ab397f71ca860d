import { Type } from 'typebox';
import { GRANTED_SCOPES } from '../shared/admin-scopes.ts';
import { choice, listen, secret, strict, text, whole } from './schema-kinds.ts';

const token = Type.Object(
  {
    name: text('Who has it: the audit log names it.', {
      pattern: '^[A-Za-z0-9._-]{1,64}$',
      examples: ['wallboard'],
    }),
    scopes: Type.Array(
      choice(
        GRANTED_SCOPES,
        'What it may; src/http/reference.md says what each lets, and `admin` is all of them.',
      ),
      { description: 'What it may.', minItems: 1, uniqueItems: true },
    ),
    hash: Type.Optional(
      text('SHA-256 of the token; `msgw token new` makes both. Nobody can get the token back from it.', {
        pattern: '^sha256:[0-9a-f]{64}$',
      }),
    ),
    secret: Type.Optional(
      secret('The token itself in place of hash, 32 characters or more.', {
        format: 'visible',
        minLength: 32,
      }),
    ),
  },
  { ...strict, description: 'One token.' },
);

export const admin = Type.Object(
  {
    listen: listen('the admin port', '127.0.0.1', 9090),
    socket: Type.Optional(
      Type.Object(
        {
          path: text('File name of the socket; one that nobody listens on is replaced.'),
          mode: text('Who may use it, as chmod takes it.', { default: '0600', pattern: '^0?[0-7]{3}$' }),
        },
        { ...strict, description: 'A Unix socket in place of listen.' },
      ),
    ),
    tls: Type.Optional(
      Type.Object(
        {
          cert: text('Path of a PEM file: the certificate, and those between it and the root.'),
          key: text('Path of a PEM file: its key.'),
          passphrase: Type.Optional(secret('Of an encrypted key.')),
          clientCa: Type.Optional(
            text('Path of a PEM file: who must have certified clients; nobody else is spoken to.'),
          ),
        },
        {
          ...strict,
          description:
            'HTTPS (TLS 1.2 or later). Files that change are read again within 30 s, and by a reload.',
        },
      ),
    ),
    tokens: Type.Array(token, {
      description:
        'Who may use it: `Authorization: Bearer TOKEN`. Without any (and without tls.clientCa) it listens on loopback or a socket only, and whoever reaches it may do everything. /health/... and /openapi.json need none.',
      default: [],
      maxItems: 256,
      identity: 'name',
      reload: 'live',
    }),
    requestsPerSecond: whole(
      'Requests of one token, or of one address without tokens, that are answered in a second; twice as many may come at once. More get 429.',
      1,
      10_000,
      50,
    ),
  },
  {
    ...strict,
    default: {},
    description: 'The admin port: health, metrics, and what src/http/reference.md lists.',
  },
);
