import { formatNameAddr, type NameAddr, parseNameAddr, parseNameAddrs } from '../grammar/name-addr.ts';
import { splitList } from '../grammar/scan.ts';
import { formatUri, parseSipUri, uriParam } from '../grammar/uri.ts';
import type { SipMessage } from '../message/message.ts';
import type { Flow } from '../transport/transport.ts';
import type { AppClient } from '../wire/client.ts';
import type { AnswerRetransmission } from './answer-retransmission.ts';
import type { SessionTimer } from './session-timer.ts';
import type { Subscriptions } from './subscriptions.ts';

export type Role = 'uac' | 'uas';

/** The peer of a dialog, as far as it is known: for a UAC one per fork (RFC 3261 12.1, 13.2.2.4). */
export interface Remote {
  readonly tag: string;
  /** URI of its Contact: the remote target. */
  target: string;
  /** Values for Route, in order. */
  readonly routes: readonly string[];
  /** Where it really is, when its Contact names a host it does not send from (NAT). */
  behind: Flow | undefined;
  /** CSeq number of its last request (RFC 3261 12.2.2). */
  seq: number | undefined;
}

/** An ACK that the application sent for a 2xx, kept to answer retransmissions of that 2xx. */
export interface StoredAck {
  readonly bytes: Buffer;
  readonly flow: Flow;
}

/** A 2xx of ours that waits for its ACK. */
export interface UnackedAnswer {
  /** Transaction id of the INVITE. */
  readonly transactionId: string;
  readonly retransmission: AnswerRetransmission;
}

/** Forks of one INVITE that are remembered; a peer that names more is no proxy but an attacker. */
export const MAX_FORKS = 32;

/** A dialog of RFC 3261 12, from the first INVITE on; both roles. Data and rules only: it sends nothing. */
export class Dialog {
  /** `<Call-ID>;from-tag=<From tag of the first INVITE>`: what applications know it by. */
  readonly id: string;
  readonly role: Role;
  /** Made by INVITE; others live by their subscriptions (RFC 6665). */
  readonly isCall: boolean;
  readonly client: AppClient;
  readonly callId: string;
  readonly localTag: string;
  /** Our From (as UAC) or To (as UAS), with tag. */
  readonly localAddress: string;
  /** The peer's address without its tag. */
  readonly remoteAddress: NameAddr;
  /** Our Contact header. */
  contact: string;
  state: 'early' | 'confirmed' | 'terminated' = 'early';
  /** The server's own BYE: the application's would be a second one, and has the answer to it. */
  ownBye: { join(client: AppClient, frameId: string): void } | undefined;
  localSeq: number;
  /** The listener it lives on. */
  flow: Flow;
  remote: Remote | undefined;
  readonly forks = new Map<string, Remote>();
  /** As UAC, by CSeq number of the INVITE: 'wanted' until the application has sent it. */
  readonly acks = new Map<number, StoredAck | 'wanted'>();
  /** As UAS, by CSeq number of the INVITE. */
  readonly unacked = new Map<number, UnackedAnswer>();
  /** A 2xx of the application waits for a PRACK before it goes out (RFC 3262 3). */
  answerHeld = false;
  subscriptions: Subscriptions | undefined;
  /** NOTIFYs that came before the answer to our SUBSCRIBE (RFC 6665 4.1.2.4); run when that is here. */
  readonly waiting: (() => void)[] = [];
  /** Run once no 2xx of ours waits for its ACK any more. */
  readonly afterAck: (() => void)[] = [];
  /** BYE as soon as the application has sent the ACK: its CANCEL came too late (RFC 3261 9.1, 15), or the 2xx was bad. */
  endAfterAck: 'cancelled' | 'noContact' | undefined;
  /** Set once a session timer was agreed on (RFC 4028). */
  sessionTimer: SessionTimer | undefined;
  /** The session description that we sent last, when it stood alone in its message. */
  localSdp: string | undefined;
  /** What the application has said of itself: header name to value. */
  readonly localAbout = new Map<string, string>();

  constructor(of: {
    role: Role;
    /** Of the first request. */
    method: string;
    client: AppClient;
    callId: string;
    /** From tag of the first INVITE. */
    fromTag: string;
    localTag: string;
    localAddress: string;
    remoteAddress: NameAddr;
    contact: string;
    localSeq: number;
    flow: Flow;
  }) {
    this.id = dialogId(of.callId, of.fromTag);
    this.role = of.role;
    this.isCall = of.method === 'INVITE';
    this.client = of.client;
    this.callId = of.callId;
    this.localTag = of.localTag;
    this.localAddress = of.localAddress;
    this.remoteAddress = withoutTag(of.remoteAddress);
    this.contact = of.contact;
    this.localSeq = of.localSeq;
    this.flow = of.flow;
  }

  /** The peer's address with its tag, for To (RFC 3261 12.2.1.1). */
  remoteHeader(remote = this.remote): string {
    const tag = remote?.tag ?? '';
    const { params } = this.remoteAddress;
    return formatNameAddr({ ...this.remoteAddress, params: tag === '' ? params : [...params, ['tag', tag]] });
  }

  /** The fork that sends with this tag. */
  peer(tag: string | undefined): { seq: number | undefined } {
    const fork = this.forks.get(tag ?? '');
    return fork ?? this.remote ?? { seq: undefined };
  }

  /** Whether one more early dialog is remembered. */
  hasRoomFor(tag: string): boolean {
    return this.forks.size < MAX_FORKS || this.forks.has(tag);
  }

  /** Whether a request with these tags belongs here; an early UAC dialog takes any fork it has heard of. */
  isPeer(remoteTag: string | undefined): boolean {
    const tag = remoteTag ?? '';
    if (!this.isCall && !this.remote) return true;
    return this.remote?.tag === tag || (this.state === 'early' && this.forks.has(tag));
  }

  /** Target refresh (RFC 3261 12.2.1.2, 12.2.2), of the fork that the message comes from. */
  refresh(message: SipMessage, flow: Flow, nat: boolean): void {
    const tag = message.kind === 'request' ? message.fromTag : message.toTag;
    const remote = (this.state === 'early' && this.forks.get(tag ?? '')) || this.remote;
    if (!remote) return;
    const contact = contactUri(message);
    if (contact === undefined) return;
    remote.target = contact;
    remote.behind = behind(contact, remote.routes, flow, nat);
  }

  /** Whether a 2xx of ours has yet to be acknowledged: our BYE and re-INVITE wait for that (RFC 3261 14.1, 15). */
  get answering(): boolean {
    return this.answerHeld || this.unacked.size > 0;
  }

  /** What waited goes on, unless something is still to be acknowledged. */
  resumeAfterAck(): void {
    if (!this.answering) for (const next of this.afterAck.splice(0)) next();
  }

  /** No 2xx will come of what was held. */
  settleAnswer(): void {
    this.answerHeld = false;
    this.resumeAfterAck();
  }

  /** Whether a request of that method has a place here: after the call, only what its subscriptions need (RFC 5057). */
  serves(method: string): boolean {
    if (this.state !== 'terminated') return true;
    return this.subscriptions?.live === true && (method === 'NOTIFY' || method === 'SUBSCRIBE');
  }

  /** Stops what still repeats. */
  stop(): void {
    for (const { retransmission } of this.unacked.values()) retransmission.stop();
    this.unacked.clear();
    this.afterAck.length = 0;
    this.sessionTimer?.stop();
  }
}

export const dialogId = (callId: string, fromTag: string): string => `${callId};from-tag=${fromTag}`;

function withoutTag(address: NameAddr): NameAddr {
  return { ...address, params: address.params.filter(([name]) => name.toLowerCase() !== 'tag') };
}

/** URI of the first Contact, fit to be a Request-URI. */
export function contactUri(message: SipMessage): string | undefined {
  const value = message.headers.get('contact');
  const text = value === undefined || value === '*' ? undefined : parseNameAddrs([value])?.[0]?.uri;
  const uri = parseSipUri(text ?? '');
  // As a Request-URI it may have no headers (RFC 3261 19.1.1), and who checks that would never hear our BYE.
  return uri === undefined || uri.headers === '' ? text : formatUri({ ...uri, headers: '' });
}

/**
 * What a dialog-forming message says about its sender.
 *
 * @param fallback remote target when it carries no Contact
 */
export function remoteFrom(message: SipMessage, flow: Flow, nat: boolean, fallback: string): Remote {
  const recorded = message.headers.all('record-route').flatMap(splitList);
  // RFC 3261 12.1.1 and 12.1.2: as they stand for a UAS, reversed for a UAC.
  const routes = message.kind === 'request' ? recorded : recorded.reverse();
  const target = contactUri(message) ?? fallback;
  const tag = (message.kind === 'request' ? message.fromTag : message.toTag) ?? '';
  const seq = message.kind === 'request' ? message.cseq.seq : undefined;
  return { tag, target, routes, behind: behind(target, routes, flow, nat), seq };
}

/** The source of the message, when the Contact is an address that it did not come from and no proxy stays between. */
function behind(target: string, routes: readonly string[], flow: Flow, nat: boolean): Flow | undefined {
  const uri = parseSipUri(target);
  if (!nat || routes.length > 0 || !uri || flow.remote.address === '') return undefined;
  const isAddress = /^[0-9.]+$/.test(uri.host) || uri.host.includes(':');
  return isAddress && uri.host !== flow.remote.address ? flow : undefined;
}

/** Request-URI and Route values of a request in the dialog, and where it goes first (RFC 3261 12.2.1.1). */
export function routing(remote: Remote): { uri: string; routes: readonly string[]; nextHop: string } {
  const first = remote.routes[0];
  if (first === undefined) return { uri: remote.target, routes: [], nextHop: remote.target };
  const hop = parseNameAddr(first)?.uri ?? remote.target;
  const parsed = parseSipUri(hop);
  if (parsed && uriParam(parsed, 'lr') === undefined) {
    // A strict router: it wants its own URI as Request-URI, and the target last.
    return { uri: hop, routes: [...remote.routes.slice(1), `<${remote.target}>`], nextHop: hop };
  }
  return { uri: remote.target, routes: remote.routes, nextHop: hop };
}
