import { Type } from 'typebox';
import { choice, live, secret, strict, text, whole } from './schema-kinds.ts';

export const registrar = Type.Object(
  {
    digest: choice(['MD5', 'SHA-256'] as const, 'How phones sign; MD5 is what every phone speaks.', {
      default: 'MD5',
    }),
    expires: Type.Object(
      {
        minS: whole('Shortest registration, s; who asks for less gets 423.', 1, 3_600, 60),
        defaultS: whole('Where the phone does not say, s.', 1, 86_400, 300),
        maxS: whole('Longest registration, s; who asks for more gets this.', 1, 86_400, 3_600),
      },
      { ...strict, default: {}, description: 'How long registrations last.', reload: 'live' },
    ),
    maxContacts: live(
      whole('Contacts of one account at a time; one more takes the place of the oldest.', 1, 20, 3),
    ),
    ring: choice(
      ['all', 'best'] as const,
      'all: every Contact of the account rings, those of one q at once, a higher q before a lower one; the first that answers has the call (RFC 3261 16.7). best: only the one with the highest q that came last.',
      { default: 'all' },
    ),
    ringMs: whole(
      'How long Contacts with a higher q ring before those with the next lower one, ms.',
      1_000,
      60_000,
      15_000,
    ),
    accounts: Type.Array(
      Type.Object(
        {
          user: text('User name for digest, and user part of the address of record (To).', {
            format: 'visible',
          }),
          password: secret('Its password.'),
        },
        strict,
      ),
      { description: 'Who may register.', minItems: 1, identity: 'user', reload: 'live' },
    ),
  },
  {
    ...strict,
    description:
      'Phones and PBXs register here (RFC 3261 10.3); a trunk with `registered` is one of them. Registrations are lost with the process, and come again as phones refresh them. Ten wrong passwords from one address in five minutes shut that address out for the rest of them.',
  },
);
