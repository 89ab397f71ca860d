/** JSON Schemas (draft 7) of the admin port's requests; `description` is the remedy that a refusal names. */
const id = (pattern: string, description: string) => ({ type: 'string', pattern, description });

const pageId = id(
  '^[0-9]{1,20}$',
  'The id of a Page or WhatsApp number of the configuration: digits, as a text.',
);
const psid = id('^[A-Za-z0-9._-]{1,128}$', 'The id of the consumer: PSID or wa_id, as a text.');
const number = {
  type: 'string',
  pattern: '^[0-9*#]{1,20}$',
  description: 'A short number has up to 20 of 0-9, * and # (in a URL %23).',
};

const object = (properties: Readonly<Record<string, object>>) => ({
  type: 'object',
  additionalProperties: false,
  required: Object.keys(properties),
  properties,
});

export const WHICH_NUMBER = { params: object({ number }) };
export const SET_NUMBER = { ...WHICH_NUMBER, body: object({ pageId, psid }) };
export const WHICH_PAGE = { querystring: object({ page: pageId }) };
export const WHICH_PERSON = { querystring: object({ page: pageId, psid }) };
export const REQUEST_PERMISSION = { body: object({ pageId, psid }) };

const callId = id(
  '^[\\x21-\\x7e]{1,512}$',
  'The id of a call, as GET /calls lists it (in a URL / is %2F and + %2B).',
);
const action = {
  type: 'string',
  enum: ['start', 'stop', 'pause', 'resume'],
  description: 'Use one of: start, stop, pause, resume.',
};
export const WHICH_CALL = { params: object({ id: callId }) };
export const RECORD = { params: object({ id: callId }), body: object({ action }) };
