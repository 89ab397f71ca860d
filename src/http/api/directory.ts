import { Type } from 'typebox';
import { route } from './route.ts';
import { named, only, pageId, psid, shortNumber } from './shapes.ts';

export const ENTRY = named(
  'DirectoryEntry',
  { number: shortNumber, pageId, psid },
  { examples: [{ number: '700', pageId: '102030405060708', psid: '7654321098765432' }] },
);

const WHICH_NUMBER = only({ number: shortNumber });

export const listNumbers = route({
  method: 'GET',
  path: '/directory',
  scope: 'read',
  summary: 'Short numbers and the consumers behind them.',
  replies: { 200: Type.Array(ENTRY) },
});

export const setNumber = route({
  method: 'PUT',
  path: '/directory/{number}',
  scope: 'directory',
  summary: 'Gives a consumer this number, in place of any before.',
  params: WHICH_NUMBER,
  body: only({ pageId, psid }),
  replies: { 200: ENTRY },
  problems: { 409: 'it is the number of another consumer' },
});

export const removeNumber = route({
  method: 'DELETE',
  path: '/directory/{number}',
  scope: 'directory',
  summary: 'Takes a number away.',
  params: WHICH_NUMBER,
  replies: { 204: null },
  problems: { 404: 'nobody has it' },
});
