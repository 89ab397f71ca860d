import { Type } from 'typebox';
import { choice, flag, strict, text, whole } from './schema-kinds.ts';

/** What `{...}` in a template may name. */
export const TEMPLATE_NAMES = ['callId', 'pageId', 'psid', 'name', 'number', 'platform', 'rule'] as const;

const TEMPLATE =
  'with {callId}, {pageId}, {psid}, {name}, {number} (short number, else psid), {platform}, {rule} (routing rule, else route)';

/** What an INVITE to a trunk says of the caller, and what is kept of what the trunk's own messages say. */
export const identity = {
  callerId: Type.Object(
    {
      headers: Type.Array(choice(['pai', 'rpid'] as const, 'A header.'), {
        description:
          'Headers that name the caller beside From: pai is P-Asserted-Identity (RFC 3325), rpid Remote-Party-ID.',
        uniqueItems: true,
        default: ['pai'],
      }),
      from: Type.Optional(
        choice(
          ['caller', 'trunk'] as const,
          'Who stands in From: the caller, or this trunk as the PBX knows it (fromUser at fromDomain, else host), which providers insist on. Default: caller; of a trunk that registers: trunk, for most registrars take calls of the account alone (its domain stands in From either way).',
        ),
      ),
      fromUser: Type.Optional(
        text(
          'User part of From with from: trunk; default: the user that registers, else username of credentials.',
        ),
      ),
      privacy: choice(
        ['none', 'id', 'hidden'] as const,
        'none; id: From is anonymous, Privacy: id asks the PBX to tell nobody what the other headers say (RFC 3323); hidden: the PBX is not told either, there is no name, number or PSID in the INVITE.',
        { default: 'none' },
      ),
      trusted: flag(
        'P-Asserted-Identity or Remote-Party-ID of its own INVITEs tells who dials, before From.',
        false,
      ),
    },
    { ...strict, default: {}, description: 'Who calls, as the PBX is told, and as it tells us.' },
  ),
  headers: Type.Object(
    {
      add: Type.Record(
        Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }),
        text('A value.', { maxLength: 512 }),
        {
          ...strict,
          description: `Headers written into the INVITE: name and text, ${TEMPLATE}.`,
          default: {},
        },
      ),
      remove: Type.Array(text('A name; X-Meta-* is all that begin so.'), {
        description: 'Headers of ours that the INVITE does without, such as X-Meta-Psid or X-Meta-*.',
        default: [],
      }),
      copy: Type.Array(text('A name.', { examples: ['X-Order-Id', 'User-to-User'] }), {
        description:
          "Headers of the PBX's INVITE, 200 and BYE that go into the call record and the events, 512 characters each.",
        maxItems: 20,
        default: [],
      }),
      tellMeta: Type.Array(text('A name.'), {
        description:
          "Headers of the PBX's INVITE that Meta is given with a call to a WhatsApp number, and gives back in its webhooks (biz_opaque_callback_data, 512 characters in all).",
        maxItems: 20,
        default: [],
      }),
    },
    {
      ...strict,
      default: {},
      description: 'Header rules. Nothing else is carried from one side to the other.',
    },
  ),
  userToUser: Type.Optional(
    Type.Object(
      {
        template: text(`Text, ${TEMPLATE}; 128 bytes are sent.`, { maxLength: 512 }),
        encoding: choice(
          ['hex', 'ascii'] as const,
          'hex, as RFC 7433 has it; ascii: a quoted text, for PBXs that read nothing else.',
          { default: 'hex' },
        ),
        discriminator: Type.Optional(
          whole('First byte, for PBXs that hand it to ISDN phones: 4 is text.', 0, 255),
        ),
      },
      { ...strict, description: 'User-to-User (RFC 7433) in the INVITE, for screen pop.' },
    ),
  ),
};
