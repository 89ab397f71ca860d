import { type Static, type TProperties, type TSchema, Type } from 'typebox';

/** The kinds of values that requests and replies are made of. `description` is the remedy that a refusal names. */
export const text = (description: string, options: object = {}) => Type.String({ description, ...options });
export const count = (description: string, options: object = {}) =>
  Type.Integer({ description, minimum: 0, ...options });
export const figure = (description: string, options: object = {}) => Type.Number({ description, ...options });
export const flag = (description: string) => Type.Boolean({ description });
export const epochMs = (description: string) =>
  Type.Number({ description: `${description}, milliseconds since the epoch.` });
export const timestamp = (description: string) =>
  Type.String({ description: `${description}, ISO 8601 in UTC.`, pattern: '^\\d{4}-\\d\\d-\\d\\dT.*Z$' });
export const optional = <T extends TSchema>(schema: T) => Type.Optional(schema);

export const choice = <const T extends readonly string[]>(
  values: T,
  description: string,
  options: object = {},
) => Type.Unsafe<T[number]>({ type: 'string', enum: [...values], description, ...options });

/** What a request may say: nothing else. */
export const only = <T extends TProperties>(properties: T) =>
  Type.Object(properties, { additionalProperties: false });

/** A reply, or a part of one, that the OpenAPI document names; later versions may add properties. */
export const named = <T extends TProperties>(title: string, properties: T, options: object = {}) =>
  Type.Object(properties, { title, ...options });

export const pageId = text('The id of a Page or WhatsApp number of the configuration: digits, as a text.', {
  pattern: '^[0-9]{1,20}$',
  examples: ['102030405060708'],
});
export const psid = text('The id of the consumer: PSID or wa_id, as a text.', {
  pattern: '^[A-Za-z0-9._-]{1,128}$',
  examples: ['7654321098765432'],
});
export const shortNumber = text('A short number has up to 20 of 0-9, * and # (in a URL %23).', {
  pattern: '^[0-9*#]{1,20}$',
  examples: ['700'],
});
export const callId = text('The id of a call, as GET /calls lists it (in a URL / is %2F and + %2B).', {
  pattern: '^[\\x21-\\x7e]{1,512}$',
  examples: ['c_9ZtUx'],
});

export const platform = choice(['messenger', 'whatsapp'], 'Whose call it is.');
export const direction = choice(
  ['user_initiated', 'business_initiated'],
  'Who called: the consumer, or a phone.',
);

export const WHICH_CALL = only({ id: callId });

/** Every refusal of the port. */
export const PROBLEMS = named(
  'Problems',
  {
    problems: Type.Array(
      Type.Object(
        {
          field: text('The parameter, header or thing that it is about.'),
          message: text('What is wrong.'),
          remedy: optional(text('What to do about it.')),
        },
        { additionalProperties: true },
      ),
      { minItems: 1 },
    ),
  },
  {
    examples: [
      {
        problems: [
          {
            field: 'id',
            message: 'there is no such call.',
            remedy: 'GET /calls lists those that are there.',
          },
        ],
      },
    ],
  },
);
export type Problems = Static<typeof PROBLEMS>;
