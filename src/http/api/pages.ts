import { Type } from 'typebox';
import { route } from './route.ts';
import { choice, named, optional, pageId, platform, text, timestamp } from './shapes.ts';

export const PAGE = named(
  'Page',
  {
    id: pageId,
    name: optional(text('Of the configuration.')),
    platform,
    app: text('Id of its app.'),
    route: text('That its calls take when no rule of routing fits.'),
    token: Type.Object(
      {
        state: choice(
          ['accepted', 'refused', 'unknown'],
          'What Meta last said of its token; unknown: nothing yet.',
        ),
        at: optional(timestamp('When')),
      },
      { description: 'Its access token.' },
    ),
    lastWebhookAt: optional(timestamp('When its last webhook came')),
    watch: Type.Union(
      [
        named('PageWatch', {
          checkedAt: optional(timestamp('When Meta last told how it is set')),
          failure: optional(text('Why the look after that came to nothing.')),
          subscribed: Type.Union([Type.Boolean(), Type.Null()], {
            description: 'Whether its webhooks of calls come to our app; null: not looked at yet.',
          }),
          amiss: Type.Array(
            choice(['audio', 'routing', 'subscription', 'feature'], 'What keeps its calls from us.'),
            { description: 'What keeps its calls from us, as far as known.' },
          ),
        }),
        Type.Null(),
      ],
      {
        description:
          'meta.watchIntervalMs: of Pages; null for WhatsApp numbers, which have no such settings.',
      },
    ),
  },
  {
    examples: [
      {
        id: '102030405060708',
        name: 'Support',
        platform: 'messenger',
        app: '1234567890',
        route: 'support',
        token: { state: 'accepted', at: '2026-11-21T09:30:00.000Z' },
        lastWebhookAt: '2026-11-21T09:29:41.120Z',
        watch: { checkedAt: '2026-11-21T09:30:00.000Z', subscribed: true, amiss: [] },
      },
    ],
  },
);

export const listPages = route({
  method: 'GET',
  path: '/pages',
  scope: 'read',
  summary: 'Pages and WhatsApp numbers: their token, last webhook, and what keeps their calls from us.',
  replies: { 200: Type.Array(PAGE) },
});
