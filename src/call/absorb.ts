import { type EventKey, hasAnswer } from './classify.ts';
import { type Context, mark, setAttempt } from './context.ts';
import type { CallEvent } from './events.ts';
import type { AcceptFailureKind, CallState, GraphActionStatus, Refusal, SdpOperation } from './types.ts';

/** RFC 3261 21.5.5: we are a gateway, and the server beyond did not answer in time. */
const TIMED_OUT: Refusal = { status: 504, phrase: 'Server Time-out' };
/** RFC 3261 21.6.2: somebody at the device said no. */
const DECLINED: Refusal = { status: 603, phrase: 'Decline' };

/**
 * Takes in what an event says, the same in every state, before the table decides what follows from it.
 * Only called when the table has a row for the event in this state.
 */
export function absorb(c: Context, key: EventKey): void {
  const { s, event } = c;
  if (event.type === 'timer') s.timers = s.timers.filter((name) => name !== event.name);
  if (event.type.startsWith('sip.')) absorbSip(c, key);
  else if (event.type.startsWith('media.')) absorbMedia(c);
  else if (event.type.startsWith('graph.')) absorbGraph(c);
  else if (event.type === 'meta.terminate') absorbTerminate(c, event);
  else if (event.type === 'meta.identified') setName(c, event.callId);
  else if (key === 'meta.ringing') mark(c, 'ringing');
  else if (key === 'meta.rejected') s.refusal = DECLINED;
  else if (event.type === 'meta.answer') queueReply(c, { answerSdp: event.sdp });
  else if (event.type === 'meta.mediaUpdate') queueUpdate(c, event.version ?? s.sdp.version + 1, event.sdp);
  else if (event.type === 'profile.resolved') {
    s.profile = 'done';
    s.callerName = event.name;
  } else if (key === 'timer.profile') s.profile = 'done';
  else if (key === 'timer.accept') setGraph(c, 'accept', 'ambiguous');
  else if (key === 'timer.permission') s.refusal = TIMED_OUT;
  else if (key === 'timer.connect') {
    s.refusal = TIMED_OUT;
    setGraph(c, 'connect', 'ambiguous');
  } else if (event.type === 'shutdown') s.hurry = true;
}

function absorbTerminate({ s }: Context, event: CallEvent & { readonly type: 'meta.terminate' }): void {
  const { status, durationS, reason, refusal } = event;
  s.webhook = { status, durationS, ...(reason === undefined ? {} : { reason }) };
  if (refusal) s.refusal ??= refusal;
}

function absorbSip(c: Context, key: EventKey): void {
  const { s, event } = c;
  if (!('attempt' in event)) return;
  const { attempt } = event;
  if (event.type === 'sip.transfer' || event.type === 'sip.referred' || key === 'transfer.progress') return;
  if (key === 'sip.progress') mark(c, 'ringing');
  else if (event.type === 'sip.answered') {
    setAttempt(s, attempt, 'up', 200);
    if (key === 'sip.crossed') return;
    // Of a phone that called: it has been the one since it was told 200.
    s.answeredBy = attempt;
    if (key !== 'sip.established') mark(c, 'answered');
  } else if (event.type === 'sip.held') s.held = event.held;
  else if (event.type === 'sip.failed' && key !== 'sip.lost' && key !== 'transfer.left')
    setAttempt(s, attempt, 'down', event.status);
  else if (event.type === 'sip.cancelled') setAttempt(s, attempt, 'down', 487);
  else setAttempt(s, attempt, 'down');
}

function absorbMedia(c: Context): void {
  const { s, event } = c;
  switch (event.type) {
    case 'media.ready':
      s.media = 'open';
      break;
    // A worker that is lost does not say so; whoever closes the call there, which is still to be done, does.
    case 'media.closed':
      s.media = 'closed';
      break;
    case 'media.sdpApplied':
      s.sdp = { ...withoutBusy(s.sdp), renegotiations: s.sdp.renegotiations + isRenegotiation(s.sdp.busy) };
      break;
    case 'media.sdpFailed':
      s.sdp = { ...withoutBusy(s.sdp), failures: s.sdp.failures + 1 };
      break;
    case 'media.iceConnected':
      mark(c, 'iceConnected');
      break;
    case 'media.secure':
      mark(c, 'secure');
      break;
    case 'media.firstPacket':
      mark(c, event.leg === 'consumer' ? 'firstPacketFromConsumer' : 'firstPacketFromPhone');
      break;
    case 'media.dtmf':
      if (event.from === 'consumer') s.dtmfDigits += 1;
      break;
    default:
  }
}

function absorbGraph(c: Context): void {
  const { s, event } = c;
  switch (event.type) {
    case 'graph.preAccepted':
      setGraph(c, 'preAccept', 'done');
      queueOffer(c);
      break;
    case 'graph.preAcceptFailed':
      setGraph(c, 'preAccept', isAmbiguous(event.kind) ? 'ambiguous' : 'failed');
      // An accept that is on its way has the last word.
      if (s.graph.accept === 'none' && (event.kind === 'gone' || event.kind === 'not-owner'))
        s.acceptFailure = { kind: event.kind, code: event.code };
      break;
    case 'graph.accepted':
      setGraph(c, 'accept', 'done');
      mark(c, 'acceptDone');
      queueReply(c, event);
      queueOffer(c);
      break;
    case 'graph.permission':
      s.permission = event.allowed ? 'granted' : 'refused';
      s.refusal = event.refusal;
      if (event.allowed) mark(c, 'permitted');
      break;
    case 'graph.connected':
      takeName(c, event.callId);
      setGraph(c, 'connect', 'done');
      mark(c, 'connectDone');
      queueReply(c, event);
      break;
    case 'graph.connectFailed':
      s.refusal = event.refusal;
      setGraph(c, 'connect', event.ambiguous ? 'ambiguous' : 'failed');
      break;
    case 'graph.acceptFailed':
      s.acceptFailure = { kind: event.kind, code: event.code };
      setGraph(c, 'accept', isAmbiguous(event.kind) ? 'ambiguous' : 'failed');
      break;
    case 'graph.rejected':
      setGraph(c, 'reject', 'done');
      break;
    case 'graph.rejectFailed':
      setGraph(c, 'reject', 'failed');
      break;
    case 'graph.terminated':
      setGraph(c, 'terminate', 'done');
      break;
    case 'graph.terminateFailed':
      setGraph(c, 'terminate', 'failed');
      break;
    default:
  }
}

/** The reply is surer than a webhook, which may have been about another's call to this consumer: what came of that is void. */
function takeName(c: Context, callId: string | undefined): void {
  const { s } = c;
  if (callId === undefined || callId === s.metaCallId) return;
  if (s.metaCallId !== undefined) {
    delete s.webhook;
    s.graph = { ...s.graph, terminate: 'none' };
  }
  setName(c, callId);
}

function setName(c: Context, metaCallId: string): void {
  c.s.metaCallId = metaCallId;
  c.notes.push({ kind: 'named', metaCallId });
}

/** Records the outcome of a Graph action and journals it, so that a replay knows what is still open. */
function setGraph(c: Context, action: keyof CallState['graph'], status: GraphActionStatus): void {
  c.s.graph = { ...c.s.graph, [action]: status };
  c.notes.push({ kind: 'graph-answered', action, outcome: status });
}

/** Nobody knows whether Meta did it, or for whom. */
const isAmbiguous = (kind: AcceptFailureKind): boolean => kind === 'ambiguous' || kind === 'already';

/** Meta's own offer, once it has our answer: what `applyAnswer` lets ICE begin with. */
function queueOffer({ s }: Context): void {
  const { offerSdp: sdp } = s.facts;
  if (sdp === undefined || hasAnswer(s)) return;
  s.sdp = { ...s.sdp, queue: [{ kind: 'answer', version: 0, sdp }, ...s.sdp.queue] };
}

/** What Graph's reply to accept or connect carried comes before every media_update. */
function queueReply(
  c: Context,
  reply: { readonly answerSdp?: string | undefined; readonly renegotiationSdp?: string | undefined },
): void {
  const { s } = c;
  const own: SdpOperation[] = [];
  if (reply.answerSdp && !hasAnswer(s)) own.push({ kind: 'answer', version: 0, sdp: reply.answerSdp });
  if (reply.renegotiationSdp) own.push({ kind: 'renegotiation', version: 0, sdp: reply.renegotiationSdp });
  s.sdp = { ...s.sdp, queue: [...own, ...s.sdp.queue] };
}

/** Only the newest update waits: each is a full description (highest version wins). */
function queueUpdate(c: Context, version: number, sdp: string): void {
  const { s } = c;
  const own = s.sdp.queue.filter((operation) => operation.version === 0);
  s.sdp = { ...s.sdp, version, queue: [...own, { kind: 'renegotiation', version, sdp }] };
}

function withoutBusy(sdp: CallState['sdp']): CallState['sdp'] {
  const { busy: _, ...rest } = sdp;
  return rest;
}

const isRenegotiation = (operation: SdpOperation | undefined): number =>
  operation?.kind === 'renegotiation' ? 1 : 0;
