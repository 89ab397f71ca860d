import { Type } from 'typebox';
import { route } from './route.ts';
import {
  choice,
  count,
  flag,
  named,
  only,
  optional,
  pageId,
  psid,
  shortNumber,
  text,
  timestamp,
} from './shapes.ts';

const REPLY = named('PermissionReply', {
  response: choice(['approve', 'reject'], 'What the consumer said.'),
  at: timestamp('When'),
  expiresAt: optional(timestamp('When the permission ends, where Meta names it')),
});

export const PERMISSION = named(
  'Permission',
  {
    pageId,
    psid,
    number: optional(shortNumber),
    status: choice(['has-permission', 'no-permission', 'unknown'], "Meta's word now."),
    canCall: flag('May this consumer be called now.'),
    canRequest: flag('May the consumer be asked for permission now.'),
    expiresAt: optional(timestamp('When the permission ends')),
    limits: Type.Array(
      named('PermissionLimit', {
        action: text('What is limited, as Meta names it.'),
        period: text('ISO 8601 duration.'),
        allowed: count('How often in that time.'),
        used: count('How often it was done.'),
      }),
    ),
    lastReply: Type.Union([REPLY, Type.Null()], {
      description: 'What the consumer last said when asked; null: nothing since the start.',
    }),
  },
  {
    examples: [
      {
        pageId: '102030405060708',
        psid: '7654321098765432',
        status: 'has-permission',
        canCall: true,
        canRequest: false,
        limits: [{ action: 'start_call', period: 'PT24H', allowed: 5, used: 1 }],
        lastReply: { response: 'approve', at: '2026-11-21T09:30:00.000Z' },
      },
    ],
  },
);

const OF_META = {
  404: 'it is no Page of ours, or Meta knows no such consumer',
  502: 'Meta refused',
  503: 'Meta throttles; Retry-After says for how long',
} as const;

export const getPermission = route({
  method: 'GET',
  path: '/permissions',
  scope: 'permissions',
  summary: "Meta's word on calling a consumer, asked now, and what the consumer last said.",
  query: only({ page: pageId, psid }),
  replies: { 200: PERMISSION },
  problems: OF_META,
});

export const requestPermission = route({
  method: 'POST',
  path: '/permissions',
  scope: 'permissions',
  summary: 'Sends the consumer one request for permission to call; never repeated by itself.',
  body: only({ pageId, psid }),
  replies: {
    201: named('PermissionRequest', {
      pageId,
      psid,
      sent: Type.Literal(true),
      messageId: optional(text('Of the request, as Meta names it.')),
    }),
  },
  problems: OF_META,
});

const DAY = named('OpenDay', {
  day: text('Upper case, as MONDAY.'),
  open: text('HHMM.'),
  close: text('HHMM.'),
});

export const SETTINGS = named('CallSettings', {
  audioEnabled: optional(flag('Calls at all.')),
  iconEnabled: optional(flag('The call icon.')),
  videoEnabled: optional(flag('Video.')),
  ringTarget: optional(text('PARTNERS: calls come to this gateway; META: to the inbox of the Page.')),
  callHours: optional(
    named('CallHours', { timezoneId: optional(text('IANA name.')), weekly: Type.Array(DAY) }),
  ),
});

export const getSettings = route({
  method: 'GET',
  path: '/settings',
  scope: 'read',
  summary: 'The call settings of a Page, asked of Meta now.',
  query: only({ page: pageId }),
  replies: { 200: named('PageSettings', { pageId, settings: SETTINGS }) },
  problems: OF_META,
});
