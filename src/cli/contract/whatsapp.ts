import type { CallPermissionRequest, WhatsAppCallsReply, WhatsAppCallsRequest } from '../../meta/index.ts';
import { type ContractRow, each, type KeysOf, rows, type TestName, tests } from './covers.ts';

const meta = tests('meta');
const client = meta('whatsapp-client');
const item = meta('whatsapp-item');
const sdp = tests('sdp')('whatsapp');
const sim = tests('sim')('whatsapp');
const call = tests('call')('whatsapp');
const inbound = tests('e2e')('whatsapp');
const outbound = tests('e2e')('whatsapp-outbound');

const form = (what: string): TestName => client(`requests have one form > ${what}`);
const connectForm = form('connect, with our word for the webhooks');
const scopedForm = form('to a business-scoped id, which is no telephone number');
const CALLS = 'POST /{phone_number_id}/calls';
const MESSAGES = 'POST /{phone_number_id}/messages';
const PERMISSIONS = 'GET /{phone_number_id}/call_permissions';
const HOOK = 'WhatsApp webhook';

/** What WhatsApp has in its own way; its error codes are in the one table of errors. */
export function whatsappRows(): ContractRow[] {
  return [...graphRows(), ...webhookRows(), ...sdpRows(), ...ruleRows()];
}

function graphRows(): ContractRow[] {
  return [
    ...rows('Graph, WhatsApp', 'endpoint', {
      [CALLS]: form('accept'),
      [PERMISSIONS]: client('permission > temporary'),
      [MESSAGES]: form('the request for permission'),
    }),
    ...rows(CALLS, 'value', {
      'action: connect': connectForm,
      'action: pre_accept': form('pre_accept'),
      'action: accept': form('accept'),
      'action: reject': form('reject'),
      'action: terminate': form('terminate'),
    } satisfies Record<`action: ${WhatsAppCallsRequest['action']}`, TestName>),
    ...rows(CALLS, 'field', {
      messaging_product: form('accept'),
      call_id: form('accept'),
      action: form('accept'),
      session: form('accept'),
      to: connectForm,
      recipient: scopedForm,
      biz_opaque_callback_data: connectForm,
    } satisfies Record<KeysOf<WhatsAppCallsRequest>, TestName>),
    ...rows(`${CALLS}, reply`, 'reply', {
      messaging_product: form('reject'),
      success: form('accept'),
      calls: connectForm,
    } satisfies Record<keyof WhatsAppCallsReply, TestName>),
    ...each(
      `${PERMISSIONS} permission.status`,
      'value',
      ['no_permission', 'temporary', 'permanent'],
      (status) => client(`permission > ${status}`),
    ),
    ...rows(MESSAGES, 'field', {
      messaging_product: form('the request for permission'),
      recipient_type: form('the request for permission'),
      to: form('the request for permission'),
      recipient: scopedForm,
      type: form('the request for permission'),
      interactive: form('the request for permission'),
    } satisfies Record<KeysOf<CallPermissionRequest>, TestName>),
    ...rows(MESSAGES, 'rule', {
      'one a day, two a week, reset by a call': sim(
        'calls of the business > ask once a day and twice a week; a connected call would begin anew',
      ),
      'code 138017 is no failure': client(
        'permission > who permits calls for good is not asked: code 138017 is no failure',
      ),
    }),
  ];
}

function webhookRows(): ContractRow[] {
  const connect = (what: string): TestName => item(`a connect > ${what}`);
  const terminate = (what: string): TestName => item(`a terminate > ${what}`);
  return [
    ...rows(HOOK, 'form', {
      'object whatsapp_business_account, times as text': connect(
        'has the offer, the name, and times from text',
      ),
      'connect, the offer in session': connect('has the offer, the name, and times from text'),
      'connect, the answer to ours': connect('in the business direction, with our word come back'),
      'connect, direction missing': connect('without a direction: whoever is not the number itself'),
      'connect, connection.webrtc.sdp': connect('with the older place of the description'),
      'connect, bare LF': connect('with bare line feeds'),
      'connect, business-scoped ids': connect('of a business-scoped id'),
      'terminate COMPLETED, duration as text': terminate('COMPLETED'),
      'terminate, status in a list and mixed case': terminate('in a list and mixed case'),
      'terminate, errors[] beside the calls': terminate('with errors beside the calls'),
      'terminate, errors[] inside': terminate('with errors inside, and our word'),
      'call_permission_reply accept': item(
        'a reply to the request for permission > accepts until a time, or for good',
      ),
      'call_permission_reply reject': item(
        'a reply to the request for permission > rejects; other messages and other words are no reply',
      ),
    }),
    ...each(`${HOOK} statuses[].status`, 'value', ['RINGING', 'ACCEPTED', 'REJECTED'], (status) =>
      item(`a status > ${status} of a call`),
    ),
    ...each(`${HOOK} errors[].code`, 'error', ['138019', '138020', '138023'], (code) =>
      client(`failures > of a terminate webhook: ${code} is SIP 480`),
    ),
    ...each(`${HOOK} errors[].code`, 'error', ['138021', '138022'], (code) =>
      client(`failures > of a terminate webhook: ${code} is SIP 408`),
    ),
  ];
}

function sdpRows(): ContractRow[] {
  return rows('WhatsApp SDP', 'rule', {
    'our answer: active, one line, mid audio, ptime 20, one SSRC, one sha-256': sdp(
      'is, line by line, the answer that WhatsApp takes',
    ),
    'our offer: the same, actpass': sdp(
      'offers WhatsApp one line under its mid, with its telephone-event and packet time, and no extensions',
    ),
    'DTMF 126/8000, assumed when not offered': sdp(
      'answers no telephone-event that was not offered, and takes it all the same, at 8000',
    ),
    'actpass in an answer is read as active': outbound(
      'a desk phone calls a WhatsApp number > the answer comes with setup:actpass, which is read as active',
    ),
    'a fingerprint that is not sha-256: 138008/2593093': client(
      'failures > a subcode says that a fingerprint is wrong',
    ),
  });
}

function ruleRows(): ContractRow[] {
  return rows('WhatsApp calls', 'rule', {
    'pre_accept while phones ring': call(
      'a call that WhatsApp offers > opens media with the offer, and pre-accepts once, as the first phone rings',
    ),
    'the same answer again with accept': sim('takes the same answer at accept, and no other'),
    'no media before the reply to accept': inbound(
      'a WhatsApp call, from either side > has its media up while the phone rings, and nothing is sent before the accept',
    ),
    'a shorter accept window': inbound(
      'a WhatsApp call, from either side > rings no longer than WhatsApp does: the number has its own window',
    ),
    'terminate by us after pre_accept': call(
      'a call that WhatsApp offers > is ended by the right word while the pre_accept is taken',
    ),
    'no terminate when the consumer ended it': inbound(
      'a WhatsApp call, from either side > ends without a word of ours when the consumer hangs up while it rings',
    ),
    'the answer to ours after the pickup': outbound(
      'a desk phone calls a WhatsApp number > the answer comes late, after the pickup',
    ),
    'REJECTED then terminate: 603': call(
      'a call to a WhatsApp number > tells the phone 603 when REJECTED is followed by the terminate',
    ),
    'unanswered: 480': outbound('a desk phone calls a WhatsApp number > the consumer does not answer: 480'),
    'biz_opaque_callback_data names the call': outbound(
      'a desk phone calls a WhatsApp number > the reply to connect is lost: what Meta gave back of ours names the call, and it is ended',
    ),
  });
}
