import { Type } from 'typebox';
import { CALL_STATES } from '../../shared/call-states.ts';
import { LEG_STATS, ONE_WAY, WEBRTC_LEG } from './leg-stats.ts';
import { route } from './route.ts';
import {
  callId,
  choice,
  count,
  direction,
  epochMs,
  flag,
  named,
  only,
  optional,
  pageId,
  platform,
  text,
  WHICH_CALL,
} from './shapes.ts';

const state = choice(CALL_STATES, 'What it is doing (src/call/README.md).');

const common = {
  callId,
  metaCallId: optional(text("Meta's id of a call that a phone placed.")),
  pageId,
  platform,
  direction,
  state,
  startedAtMs: epochMs('When it began'),
  answeredAtMs: optional(epochMs('When it was answered')),
  target: optional(text('The phone that has it or rings: trunk/user.')),
  held: flag('The phone holds it.'),
  media: Type.Object(
    {
      open: flag('A media worker has its sockets open.'),
      worker: optional(count('Which worker, from 0.')),
    },
    { description: 'Where its media is.' },
  ),
  attempts: count('Phones that were rung.'),
};

const EXAMPLE = {
  callId: 'c_9ZtUx',
  pageId: '102030405060708',
  platform: 'messenger',
  direction: 'user_initiated',
  state: 'talking',
  startedAtMs: 1_789_000_000_000,
  answeredAtMs: 1_789_000_004_200,
  target: 'pbx/600',
  held: false,
  media: { open: true, worker: 0 },
  attempts: 1,
};

export const CALL = named('Call', common, { examples: [EXAMPLE] });

export const RECORDING = named('Recording', {
  state: choice(['none', 'recording', 'paused', 'stopped', 'failed'], 'Of the last recording.'),
  file: optional(text('Its name when it is complete, in recording.directory.')),
});

/** One call, with what its media worker counts now. */
export const CALL_DUMP = named(
  'CallDump',
  {
    ...common,
    milestones: Type.Record(Type.String(), Type.Number(), {
      description:
        'When it passed the points of its life (src/call/README.md), milliseconds since the epoch by the name of the point.',
    }),
    legs: Type.Union(
      [
        named('CallLegs', {
          webrtc: optional(WEBRTC_LEG),
          codec: optional(choice(['PCMU', 'PCMA', 'G722', 'opus', 'L16'], 'Agreed with the phone.')),
          consumer: optional(LEG_STATS),
          phone: optional(LEG_STATS),
          recording: optional(RECORDING),
          oneWay: optional(Type.Array(ONE_WAY)),
        }),
        Type.Null(),
      ],
      { description: 'Asked of the media worker now; null when no worker has it, or it did not answer.' },
    ),
  },
  { examples: [{ ...EXAMPLE, milestones: { webhook: 1_789_000_000_000 }, legs: null }] },
);

const NO_CALL = { 404: 'there is no such call' } as const;

export const listCalls = route({
  method: 'GET',
  path: '/calls',
  scope: 'read',
  summary: 'The calls that are up, the newest first.',
  query: only({
    page: optional(pageId),
    platform: optional(platform),
    direction: optional(direction),
    state: optional(state),
    trunk: optional(
      text('Name of a trunk: calls that ring there or have its phone.', { pattern: '^[A-Za-z0-9_-]{1,64}$' }),
    ),
    limit: optional(
      Type.Integer({ description: 'At most so many, 1 to 10000.', minimum: 1, maximum: 10_000 }),
    ),
  }),
  replies: { 200: Type.Array(CALL) },
});

export const showCall = route({
  method: 'GET',
  path: '/calls/{id}',
  scope: 'read',
  summary: 'All that is known of one call now, with what each leg counts.',
  params: WHICH_CALL,
  replies: { 200: CALL_DUMP },
  problems: NO_CALL,
});

export const hangUp = route({
  method: 'DELETE',
  path: '/calls/{id}',
  scope: 'calls',
  summary: 'Ends it on both sides.',
  params: WHICH_CALL,
  replies: { 202: named('CallEnding', { callId }) },
  problems: NO_CALL,
});

const mode = choice(['gateway', 'pbx'], 'Use one of: gateway, pbx; without it the route says.');

export const transferCall = route({
  method: 'POST',
  path: '/calls/{id}/transfer',
  scope: 'calls',
  summary: 'Hands the consumer to another phone; answers when that has begun.',
  description:
    'gateway: we ring the phone, and the one that has the call gets BYE when it answers. pbx: the PBX is asked to, by REFER (RFC 3515). What comes of it is told by the event `call_transfer`, and in the record. Only whom `transferTo` of a trunk names may be called.',
  params: WHICH_CALL,
  body: only({
    to: text('Whom to call: a SIP URI, trunk/user, or a user of the trunk whose phone has the call.', {
      pattern: '^[\\x21-\\x7e]{1,512}$',
      examples: ['201'],
    }),
    mode: optional(mode),
  }),
  replies: { 202: named('CallTransfer', { callId, to: text('As records name it: trunk/user.'), mode }) },
  problems: {
    ...NO_CALL,
    403: 'the target may not be called',
    409: 'nobody talks yet, another transfer is under way, or the PBX that is to do it is not that of the target',
  },
});

export const recordCall = route({
  method: 'POST',
  path: '/calls/{id}/recording',
  scope: 'record',
  summary: 'Starts, stops, pauses or resumes its recording.',
  params: WHICH_CALL,
  body: only({
    action: choice(['start', 'stop', 'pause', 'resume'], 'Use one of: start, stop, pause, resume.'),
  }),
  replies: { 200: named('CallRecording', { callId, ...RECORDING.properties }) },
  problems: {
    ...NO_CALL,
    409: 'the route forbids it, or its state does',
    503: 'the media worker did not do it',
  },
});
