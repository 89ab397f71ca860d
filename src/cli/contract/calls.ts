import {
  type CallsReply,
  type CallsRequest,
  TRACK_LABELS,
  TRACK_STATUSES,
  type WireTrack,
} from '../../meta/index.ts';
import { PAGE_FORMS, type ReplyForm } from '../../sim/index.ts';
import { type ContractRow, each, type KeysOf, rows, type TestName, tests } from './covers.ts';

const meta = tests('meta');
const sim = tests('sim');
const accept = meta('accept');
const connect = meta('connect');
const update = meta('media-update');
const graph = sim('graph');
const oneForm = accept(
  'the request of accept > has one form: lower case, session as an object, CRLF, the token in its header only',
);
const updateForm = update('media_update > has one form: versions as integers, session as an object, CRLF');
const connectForm = connect('connect > has one form: the PSID in `to`, session as an object, CRLF');
const CALLS = 'POST /{page}/calls';

/** `POST /{page}/calls`: requests, and every form of their replies. */
export function callRows(): ContractRow[] {
  return [
    ...rows('Graph', 'endpoint', { [CALLS]: oneForm }),
    ...rows(CALLS, 'value', {
      'action: accept': oneForm,
      'action: connect': connectForm,
      'action: media_update': updateForm,
      'action: reject': meta('end')('reject > is one small request'),
      'action: terminate': meta('end')('terminate > is one small request'),
    } satisfies Record<`action: ${CallsRequest['action']}`, TestName>),
    ...rows(CALLS, 'field', {
      platform: oneForm,
      call_id: oneForm,
      action: oneForm,
      session: oneForm,
      to: connectForm,
      from_version: updateForm,
      to_version: updateForm,
      tracks: updateForm,
    } satisfies Record<KeysOf<CallsRequest>, TestName>),
    ...rows(`${CALLS} session`, 'field', {
      sdp_type: oneForm,
      sdp: oneForm,
    } satisfies Record<keyof NonNullable<Extract<CallsRequest, { action: 'accept' }>['session']>, TestName>),
    ...rows(`${CALLS} tracks[]`, 'field', {
      msid: updateForm,
      label: updateForm,
      status: updateForm,
    } satisfies Record<keyof WireTrack, TestName>),
    ...each(`${CALLS} tracks[].label`, 'value', TRACK_LABELS, (label) =>
      update(`media_update > switches a track without any session: ${label} enabled`),
    ),
    ...each(`${CALLS} tracks[].status`, 'value', TRACK_STATUSES, (status) =>
      update(`media_update > switches a track without any session: default_audio ${status}`),
    ),
    ...replyRows(),
    ...ruleRows(),
  ];
}

function replyRows(): ContractRow[] {
  const reply = `${CALLS}, reply`;
  const held = (form: string): TestName =>
    accept(`the reply to accept > may hold the descriptions as ${form}`);
  const built = (form: string): TestName => graph(`a reply to accept > ${form}`);
  return [
    ...rows(reply, 'field', {
      success: accept(
        'the reply to accept > may be success alone: accepted, and the answer is awaited elsewhere',
      ),
      id: connect('connect > the call is named by id'),
      call_id: connect('connect > the call is named by call_id'),
      session: held('objects'),
    } satisfies Record<keyof CallsReply, TestName>),
    ...rows(`${reply} session`, 'field', {
      sdp_response: held('objects'),
      sdp_renegotiation: held('objects'),
    } satisfies Record<keyof NonNullable<CallsReply['session']>, TestName>),
    ...rows(reply, 'reply', {
      'descriptions as objects': held('objects'),
      'descriptions as strings': held('bare strings'),
      'descriptions as objects in JSON text': held('objects as JSON text'),
      'session as JSON text': held('the session as JSON text'),
      'bare line feeds': held('bare line feeds'),
      'flat, without session': held('flat beside an empty session'),
      'no renegotiation': held('no renegotiation'),
      'success without a session': accept(
        'the reply to accept > may be success alone: accepted, and the answer is awaited elsewhere',
      ),
      'success as text': accept(
        'the reply to accept > may be success as text: accepted, and the answer is awaited elsewhere',
      ),
      'id and call_id': connect('connect > the call is named by both'),
      'neither id nor call_id': connect('connect > the call is named by nothing: a webhook will say'),
      'media_update, descriptions as objects': update(
        'media_update > its answer and renegotiation are read as objects',
      ),
      'media_update, descriptions as strings': update(
        'media_update > its answer and renegotiation are read as strings',
      ),
    }),
    ...rows(`simulator, reply to ${CALLS}`, 'reply', {
      withoutRenegotiation: built('{"withoutRenegotiation":true} lacks sdp_renegotiation'),
      withoutSdp: built('{"withoutSdp":true} lacks session'),
      otherUfrag: built('{"otherUfrag":true}'),
      bumpVersion: built('{"bumpVersion":true}'),
      sdpAsString: built('{"sdpAsString":true}'),
      sdpAsJson: built('{"sdpAsJson":true}'),
      sessionAsString: built('{"sessionAsString":true}'),
      telephoneEvent: built('{"telephoneEvent":true}'),
      callId: sim('connect')('the id of a placed call comes under the name that is asked for'),
    } satisfies Record<keyof ReplyForm, TestName>),
    ...each('simulator, media_update collision', 'reply', PAGE_FORMS.collision, (form) =>
      sim('media-update')(
        `a media_update of the gateway > from a version that is no more is a conflict: ${form}`,
      ),
    ),
    ...each('simulator, media_update versions', 'form', PAGE_FORMS.versions, (form) =>
      sim('media-update')(`a media_update of the gateway > is taken with versions as ${form}`),
    ),
  ];
}

function ruleRows(): ContractRow[] {
  return rows(CALLS, 'rule', {
    'accept is never sent twice': accept(
      'a lost reply to accept > is ambiguous and never sent again: HTTP 503, empty',
    ),
    'connect is never sent twice': connect('connect > a lost reply'),
    'media_update is not repeated but for a conflict': update(
      'media_update > is not repeated after a lost reply',
    ),
    'versions once more as text': update(
      'media_update > asks once more with versions as text when a parameter is refused, and only then',
    ),
    'version: highest wins': meta('media-versions')(
      'versions of the session > the highest wins: 3 then 2, or 3 again, is not applied',
    ),
    'version: begins at 0, one up for each change, set by webhooks': meta('media-versions')(
      'versions of the session > begin at 0, go up with each change of ours, and are what the last webhook says',
    ),
    'collision: at most three tries': meta('media-versions')(
      'when both sides change at once > gives up in silence after the third try',
    ),
    'reject is repeated on passing faults': meta('end')('reject > is tried again after a server fault'),
    'terminate is repeated on passing faults': meta('end')('terminate > is tried again after a server fault'),
    'call over, to end it: success': meta('end')('terminate > is done when it was done before: ended'),
    '60 s to accept; order of refusals': sim('strictness')(
      'refuses by token, proof, Page, call, action and state, each as Meta does',
    ),
    'settings gate 1893056': sim('connect')('connect is refused > with calling switched off'),
    'one fingerprint, sha-256': sim('strictness')('refuses an offer with a sha-512 fingerprint (2018392)'),
    'token in the header only': meta('client')('secrets > are never sent in a URL'),
    appsecret_proof: meta('signature')(
      'appsecret_proof > is the HMAC of the token under the app secret, lower-case hex',
    ),
  });
}
