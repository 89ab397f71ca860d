import type { WireCall, WireCallSettings, WireEntry, WirePermissionReply } from '../../meta/index.ts';
import { type DeliveryOptions, MUTE_FORMS, PAGE_FORMS } from '../../sim/index.ts';
import { type ContractRow, each, type KeysOf, rows, type TestName, tests } from './covers.ts';

const meta = tests('meta');
const sim = tests('sim');
const e2e = tests('e2e');
const item = meta('call-item');
const page = meta('page-item');
const connect = item('connect > tells the consumer, the direction and the time');
const status = item('call_status > is ringing or accepted, and part of the key');
const update = item('media_update > brings the offer as an object');
const end = item('terminate > tells how it ended and how long it was');
const reply = page('call_permission_reply > is taken from the entry itself, which then has no id');
const told = page('call_settings_update > tells what is set');
const otherForms = page(
  'call_settings_update > takes routing as an object, the id as a number, and the change form',
);
const envelope = meta('webhook')(
  'the envelope > holds calls under entry[].calls[] and entry[].changes[], in both of their forms',
);
const HOOK = 'webhook';

/** Every webhook, its places and its forms. */
export function webhookRows(): ContractRow[] {
  return [...transportRows(), ...callRows(), ...permissionRows(), ...settingsRows(), ...orderRows()];
}

function transportRows(): ContractRow[] {
  const hook = tests('http')('webhook');
  return [
    ...rows(HOOK, 'endpoint', {
      'GET, handshake': tests('http')('handshake')(
        'the verification handshake > answers the raw challenge as text',
      ),
      'POST, events': hook('a webhook > is handed over byte by byte and answered 200'),
    }),
    ...rows(HOOK, 'rule', {
      'handshake without the right token: 403': meta('signature')(
        'the verification handshake > answers nothing else',
      ),
      'X-Hub-Signature-256 over the bytes': meta('signature')(
        'X-Hub-Signature-256 > is over the bytes as they came, escapes included',
      ),
      'one secret of several apps': meta('signature')(
        'X-Hub-Signature-256 > is good with any of the secrets',
      ),
      'wrong or missing signature: 401': hook(
        'a webhook that is refused > with no signature at all: 401, and nothing is done',
      ),
      'signed and unreadable: 200': e2e('webhooks')(
        'answers 200 to what is signed but senseless, logs it, makes no call, and still takes the next one',
      ),
      'batches of 1000, bodies of 5 MB': e2e('webhooks')('takes 5 MB and 1000 items, refuses 9 MB'),
      'each item for itself': meta('webhook')('the envelope > loses no item to its malformed neighbours'),
      'sent again until 200, then unsubscribed': sim('webhooks')(
        'tries again for an hour, at once and then ever more seldom; then Meta unsubscribes the app',
      ),
    }),
    ...rows('webhook entry[]', 'field', {
      id: envelope,
      time: item(
        'connect > takes milliseconds and text for its time, and the time of the entry in place of none',
      ),
      calls: envelope,
      changes: envelope,
      messaging: page('call_permission_reply > is taken from messaging'),
      call_settings: told,
    } satisfies Record<keyof WireEntry, TestName>),
    ...rows(HOOK, 'form', {
      'entry[].calls[]': envelope,
      'entry[].changes[], {calls: [..]}': envelope,
      'entry[].changes[], one event': envelope,
      'several Pages': meta('webhook')('the envelope > may be for several Pages'),
      'another object': meta('webhook')('the envelope > is not ours when it is for another object'),
      'ids as numbers beyond 2^53': item('connect > keeps ids that are numbers beyond 2^53'),
      'milliseconds, times as text': item(
        'connect > takes milliseconds and text for its time, and the time of the entry in place of none',
      ),
      'unknown event': item('what is no call event > an event of the future is ignored with its reason'),
    }),
    ...rows('simulator, delivery', 'form', {
      copies: e2e('webhooks')('rings once for a connect that comes three times, in every form'),
      delayMs: sim('webhooks')('delivers in the forms asked for'),
      after: sim('webhooks')('delivers terminate before connect when told to'),
      changesForm: e2e('webhooks')('understands changes[]'),
      numericIds: e2e('webhooks')('understands ids as numbers'),
      millisecondTimestamps: e2e('webhooks')('understands milliseconds'),
      drop: e2e('webhooks')(
        'hangs up when terminate stays away, and needs none for its own record to be written',
      ),
    } satisfies Partial<Record<keyof DeliveryOptions, TestName>>),
  ];
}

function callRows(): ContractRow[] {
  return [
    ...rows('webhook calls[]', 'value', {
      'event: connect': connect,
      'event: call_status': status,
      'event: media_update': update,
      'event: terminate': end,
    } satisfies Record<`event: ${WireCall['event']}`, TestName>),
    ...rows('webhook calls[]', 'field', {
      event: connect,
      id: connect,
      from: connect,
      to: connect,
      timestamp: connect,
      call_direction: connect,
      recipient_id: status,
      call_status: status,
      session: update,
      status: end,
      start_time: end,
      end_time: end,
      duration: end,
    } satisfies Record<KeysOf<WireCall>, TestName>),
    ...rows('webhook calls[] session', 'field', {
      version: item('media_update > takes the session as text and the version as text'),
      sdp_renegotiation: update,
    } satisfies Record<keyof NonNullable<Extract<WireCall, { event: 'media_update' }>['session']>, TestName>),
    ...rows('webhook calls[] call_direction', 'value', {
      user_initiated: connect,
      business_initiated: item('connect > takes for the consumer whichever party is not the Page'),
      missing: item('connect > keeps the direction open when it is missing or unknown'),
    }),
    ...rows('webhook calls[] call_status', 'value', {
      ringing: status,
      accepted: status,
    } satisfies Record<Extract<WireCall, { event: 'call_status' }>['call_status'], TestName>),
    ...rows('webhook calls[] status', 'value', {
      Completed: end,
      Failed: item('terminate > may lack everything but the id'),
    } satisfies Record<Extract<WireCall, { event: 'terminate' }>['status'], TestName>),
    ...rows('webhook media_update', 'form', {
      'offer as an object': update,
      'offer as a string': item('media_update > brings the offer as a bare string'),
      'offer as an object in JSON text': item('media_update > brings the offer as an object as text'),
      'no session': item('media_update > may bring nothing'),
    }),
    ...each('simulator, muted consumer', 'form', MUTE_FORMS, (form) =>
      e2e('media-update')(
        `a consumer who changes the media in a call > mutes (${form}): the phone hears silence, then the consumer again`,
      ),
    ),
    ...each('simulator, camera on', 'form', ['beside', 'moved'], (form) =>
      e2e('media-update')(
        `a consumer who changes the media in a call > turns the camera on (${form}) and off: the phone goes on hearing`,
      ),
    ),
  ];
}

function permissionRows(): ContractRow[] {
  const from = (place: string): TestName => page(`call_permission_reply > is taken from ${place}`);
  const reads = (word: string): TestName => page(`call_permission_reply > reads ${word}`);
  return [
    ...rows('webhook call_permission_reply', 'field', {
      sender: reply,
      recipient: reply,
      timestamp: reply,
      call_permission_reply: reply,
    } satisfies Record<keyof WirePermissionReply, TestName>),
    ...rows('webhook call_permission_reply', 'value', {
      'response: approve': reply,
      'response: reject': reads('reject'),
      'response: accept (WhatsApp)': reads('accept'),
    } satisfies Record<`response: ${WirePermissionReply['call_permission_reply']['response']}`, TestName> &
      Record<string, TestName>),
    ...rows('webhook call_permission_reply', 'form', {
      'on the entry, without id': reply,
      'entry[].messaging[]': from('messaging'),
      'entry[].messaging[], without id': from('messaging of an entry without id'),
      'entry[].changes[]': from('changes, whole'),
      'entry[].changes[], without id': from('changes without entry id'),
      'entry[].changes[], flat': from('changes, flat'),
      'expiration_timestamp as text': reply,
    }),
  ];
}

function settingsRows(): ContractRow[] {
  return [
    ...rows('webhook call_settings_update', 'field', {
      audio_enabled: told,
      icon_enabled: told,
      video_enabled: otherForms,
      call_routing: told,
      call_hours: told,
    } satisfies Record<keyof WireCallSettings, TestName>),
    ...rows('webhook call_settings_update', 'form', {
      'call_routing as text': told,
      'call_routing as an object': otherForms,
      'id as a number': otherForms,
      'says nothing that is known': page(
        'call_settings_update > is nothing when it says nothing, and survives what it cannot read',
      ),
    }),
    ...each('simulator, settings webhook', 'form', PAGE_FORMS.settingsHook, (form) =>
      sim('settings')(
        `the settings of a simulated Page > are told in a webhook after a change, in the form ${form}`,
      ),
    ),
    ...rows('webhook call_settings_update', 'rule', {
      'an alarm at once': tests('gateway')('page-watch')(
        'the watch over a Page > a settings webhook is an alarm at once, asked about even when nobody polls',
      ),
    }),
  ];
}

function orderRows(): ContractRow[] {
  return rows('webhook, order', 'rule', {
    'duplicate connect': e2e('webhooks')('rings once for a connect that comes three times, in every form'),
    'terminate before connect; connect too old': e2e('webhooks')(
      'never rings for a connect whose terminate came first, nor for one that is too old; both are recorded as missed',
    ),
    'events before the reply to connect': e2e('outbound')(
      'webhooks of a call that a phone places > overtake the reply to connect, all of them',
    ),
    'media_update before accepted': e2e('outbound')(
      'webhooks of a call that a phone places > accepted is lost: the media_update proves the pickup',
    ),
    'any order, twice': e2e('outbound')(
      'webhooks of a call that a phone places > come in any order and twice',
    ),
  });
}
