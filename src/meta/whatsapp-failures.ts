import type { FailureRow } from './failure-table.ts';

/** What WhatsApp's calling adds to the catalogue. Those from 138019 on come with the terminate webhook. */
export const WHATSAPP_FAILURES: readonly FailureRow[] = [
  {
    numbers: [138000],
    kind: 'settings',
    sipStatus: 403,
    meaning: 'calling is not enabled for this number',
    remedy: 'Enable calling in the settings of the phone number.',
  },
  { numbers: [138001], kind: 'person', sipStatus: 480, meaning: 'the person cannot be called' },
  { numbers: [138002], kind: 'throttled', sipStatus: 503, meaning: 'too many calls of this number at once' },
  { numbers: [138003], kind: 'person', sipStatus: 486, meaning: 'a call with this person is under way' },
  { numbers: [138004], kind: 'protocol', sipStatus: 500, meaning: 'Meta could not connect the call' },
  { numbers: [138005], kind: 'throttled', sipStatus: 503, meaning: 'Meta throttles calls of this number' },
  {
    numbers: [138006],
    kind: 'call-permission',
    sipStatus: 403,
    meaning: 'the consumer did not permit calls',
    metricReason: 'No_Permission',
  },
  { numbers: [138007], kind: 'ended', sipStatus: 504, meaning: 'the call was not connected in time' },
  {
    // 2593093 is its subcode: a fingerprint that is not sha-256.
    numbers: [138008, 2593093],
    kind: 'bad-sdp',
    sipStatus: 488,
    meaning: 'Meta refused our session description',
    remedy: 'Report it with a trace of the call.',
  },
  {
    numbers: [138009],
    kind: 'call-permission',
    sipStatus: 403,
    meaning: 'this person was asked for permission too often',
  },
  {
    numbers: [138012],
    kind: 'call-permission',
    sipStatus: 403,
    meaning: 'too many calls to this person today',
  },
  { numbers: [138013], kind: 'page', sipStatus: 403, meaning: 'calling is not available in this region' },
  {
    numbers: [138014],
    kind: 'page',
    sipStatus: 403,
    meaning: 'Meta blocks calls of this number for their quality',
    remedy: 'See the quality of the phone number in the WhatsApp manager.',
  },
  {
    numbers: [138015, 138018],
    kind: 'settings',
    sipStatus: 403,
    meaning: 'calling cannot be enabled for this number',
  },
  {
    numbers: [138017],
    kind: 'call-permission',
    sipStatus: 403,
    meaning: 'the consumer has permitted calls for good',
  },
  {
    numbers: [138019, 138020],
    kind: 'ended',
    sipStatus: 480,
    meaning: 'Meta could not set the media up',
  },
  {
    numbers: [138021, 138022],
    kind: 'ended',
    sipStatus: 408,
    meaning: 'Meta saw no media for too long',
  },
  { numbers: [138023], kind: 'ended', sipStatus: 480, meaning: 'the call was accepted without media' },
  {
    numbers: [131044],
    kind: 'page',
    sipStatus: 403,
    meaning: 'the account of this number has a payment problem',
    remedy: 'See the billing of the WhatsApp business account.',
  },
  {
    numbers: [131055],
    kind: 'settings',
    sipStatus: 500,
    meaning: "calls of this number go to Meta's own SIP",
    remedy: 'Switch SIP off in the calling settings of the phone number.',
  },
];
