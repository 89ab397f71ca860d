import { Type } from 'typebox';
import { route } from './route.ts';
import { count, figure, flag, named, text } from './shapes.ts';

const LIVE = named('Liveness', { live: flag('True.') });

const READY = named(
  'Readiness',
  {
    ready: flag('Whether calls are taken now.'),
    calls: count('Calls that are up.'),
    sip: flag('The SIP side is there.'),
    media: flag('A media worker is there.'),
    workers: Type.Array(
      Type.Object({
        worker: count('From 0.'),
        up: flag('False while it is replaced.'),
        calls: count('Of this worker.'),
        cpuShare: figure('The part of one core that it took in the last second, 0 to 1.'),
      }),
    ),
    closing: flag('It drains or ends.'),
  },
  {
    examples: [
      {
        ready: true,
        calls: 1,
        sip: true,
        media: true,
        workers: [{ worker: 0, up: true, calls: 1, cpuShare: 0.031 }],
        closing: false,
      },
    ],
  },
);

export const live = route({
  method: 'GET',
  path: '/health/live',
  scope: 'open',
  summary: 'Whether the process lives: 200, or nobody answers.',
  replies: { 200: LIVE },
});

export const ready = route({
  method: 'GET',
  path: '/health/ready',
  scope: 'open',
  summary: 'Whether calls are taken; the media workers with their calls and CPU.',
  replies: { 200: READY, 503: READY },
});

export const metrics = route({
  method: 'GET',
  path: '/metrics',
  scope: 'metrics',
  summary: 'Numbers for Prometheus.',
  mediaType: 'text/plain',
  replies: { 200: Type.String() },
});

export const drain = route({
  method: 'POST',
  path: '/drain',
  scope: 'config',
  summary: 'No more calls; the process ends when those that are up are over.',
  replies: { 202: named('Draining', { calls: count('Calls that are still up.') }) },
});

/** Answered by the port itself. */
export const openApi = route({
  method: 'GET',
  path: '/openapi.json',
  scope: 'open',
  summary: 'This description: OpenAPI 3.1.',
  replies: { 200: Type.Object({ openapi: text('Version of the format.') }, { additionalProperties: true }) },
});

/** Answered by the port itself. */
export const events = route({
  method: 'GET',
  path: '/events',
  scope: 'read',
  summary: 'Live events of calls, trunks and Pages as server-sent events.',
  description: [
    'Each has an `id`, its type as `event`, and JSON with `at` (ISO 8601) as `data`: `call_started`, `call_ended` (the record; also of calls that never started), `call_permission_reply`, `call_settings_update`, `recording_ended`, `recording_trouble`, `call_headers` (what `headers.copy` names, of INVITE, 200 or BYE), `call_connected_party` (who the PBX says is connected now), `call_redirected` (a 3xx: where to, or why not), `call_transfer` (one began, then `outcome` is `pending`, or is over; as in records), `trunk_up`, `trunk_down` (with why), `page_drift` (what keeps calls of a Page from us changed), `config_reloaded` (with the keys that changed), `config_refused` (with the problems).',
    'A reader that comes back with `Last-Event-ID` gets what it missed of the last 500, or an event `missed` when that is not all: then read `/calls` and the records. A reader that does not read is dropped when 256 KiB wait for it; 32 read at once.',
  ].join('\n\n'),
  mediaType: 'text/event-stream',
  replies: { 200: Type.String() },
  problems: { 503: 'too many read already, or the gateway closes' },
});
