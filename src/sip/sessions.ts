import { ok, type Result } from '../shared/result.ts';
import { type OnLink, type SipContext, safely } from './context.ts';
import { Dialog, type DialogFacts } from './dialog.ts';
import { CONTROL_LOST } from './failure.ts';
import { ACCEPT, ALLOW, SUPPORTED } from './headers.ts';
import { Inbound } from './inbound.ts';
import type { InboundRequest, Link } from './link.ts';
import { askOptions } from './options.ts';
import { type KeptOrphan, noKeeper, type OrphanKeeper } from './orphans.ts';
import { Outbound } from './outbound.ts';
import type { Registrar } from './registrar.ts';
import type { Transaction } from './transact.ts';
import type { IncomingInvite, InviteEvents, InviteOptions, OptionsRequest, RequestFailure } from './types.ts';

export interface SessionOptions extends SipContext {
  readonly registrar?: Pick<Registrar, 'answer'>;
  readonly ready: () => boolean;
  readonly onIncomingInvite?: (invite: IncomingInvite) => void;
  readonly keeper?: Pick<OrphanKeeper, 'add' | 'done'>;
}

/** The invites and dialogs of one link, and the routing of its requests to them. All of them die with the link. */
export class Sessions {
  readonly #options: SessionOptions;
  readonly #on: OnLink;
  readonly #keeper: Pick<OrphanKeeper, 'add' | 'done'>;
  readonly #dialogs = new Map<string, Dialog>();
  readonly #outbound = new Set<Outbound>();
  readonly #inbound = new Set<Inbound>();
  readonly #asking = new Set<Transaction>();

  constructor(options: SessionOptions, link: Link) {
    this.#options = options;
    const { clock, log, userAgent, requestTimeoutMs, random, keeper = noKeeper } = options;
    this.#keeper = keeper;
    this.#on = { clock, log, userAgent, requestTimeoutMs, random, link };
  }

  /** For what is neither: registrations. */
  get on(): OnLink {
    return this.#on;
  }

  get counts(): { readonly invites: number; readonly dialogs: number } {
    return { invites: this.#outbound.size + this.#inbound.size, dialogs: this.#dialogs.size };
  }

  invite(options: InviteOptions, events: InviteEvents): Outbound {
    const invite = new Outbound(this.#on, options, events, {
      adopt: (facts) => this.#adopt(facts),
      sent: ({ orphan }) => orphan && this.#keeper.add(orphan.id, orphan.item),
      leave: (left) => {
        this.#outbound.delete(left);
        if (left.orphan) this.#keeper.done(left.orphan.id);
      },
    });
    this.#outbound.add(invite);
    return invite;
  }

  async options(request: OptionsRequest): Promise<Result<number, RequestFailure>> {
    const asking = askOptions(this.#on, request);
    this.#asking.add(asking);
    const answer = await asking.done;
    this.#asking.delete(asking);
    return answer.ok ? ok(answer.value.status) : answer;
  }

  /** A request from the network, in a dialog or not. */
  onRequest(request: InboundRequest) {
    const dialog = this.#dialogs.get(request.dialogId);
    if (dialog) return dialog.handle(request);
    if (request.method === 'ACK') return;
    const headers: Record<string, string> = {
      'User-Agent': this.#options.userAgent,
      Allow: ALLOW,
      Supported: SUPPORTED,
    };
    if (request.method === 'UPDATE' || request.method === 'PRACK') return this.#onEarly(request, headers);
    if (request.dialogId !== '' || /;\s{0,8}tag=/i.test(request.header('to') ?? '')) {
      return request.respond(481, { headers });
    }
    if (request.method === 'OPTIONS') {
      return this.#options.ready()
        ? request.respond(200, { headers: { ...headers, Accept: ACCEPT } })
        : request.respond(503, { headers: { ...headers, 'Retry-After': '60' } });
    }
    if (request.method === 'REGISTER' && this.#options.registrar) {
      const { status, phrase = '', headers: more } = this.#options.registrar.answer(request);
      const answer = { headers: { ...headers, ...more } };
      return request.respond(status, phrase === '' ? answer : { ...answer, phrase });
    }
    if (request.method !== 'INVITE') return request.respond(405, { headers });
    this.#onInvite(request, headers);
  }

  #onInvite(request: InboundRequest, headers: Record<string, string>) {
    const { onIncomingInvite } = this.#options;
    if (!onIncomingInvite) {
      const reason = 'Q.850;cause=21;text="This gateway takes no calls from the PBX"';
      return request.respond(403, { headers: { ...headers, Reason: reason } });
    }
    const invite = new Inbound(this.#on, request, {
      adopt: (facts, offered) => this.#adopt(facts, offered),
      leave: (left) => void this.#inbound.delete(left),
    });
    this.#inbound.add(invite);
    if (!safely(this.#options.log, 'onIncomingInvite', () => onIncomingInvite(invite))) invite.reject(500);
  }

  /** Before the answer. A PRACK is none of the owner's business; a caller's UPDATE finds its offer unanswered. */
  #onEarly(request: InboundRequest, headers: Record<string, string>) {
    const isOurs = ({ callId }: { readonly callId: string }): boolean => callId === request.callId;
    const invite = [...this.#outbound].find(isOurs);
    if (!invite && ![...this.#inbound].some(isOurs)) return request.respond(481, { headers });
    if (invite && request.method === 'UPDATE') return invite.onUpdate(request);
    if (request.method !== 'UPDATE' || request.body === '') return request.respond(200, { headers });
    // RFC 3311 5.2: 500 with a random Retry-After of 0 to 10 s.
    const retryAfter = String(Math.floor(this.#options.random() * 11));
    request.respond(500, { headers: { ...headers, 'Retry-After': retryAfter } });
  }

  #adopt(facts: DialogFacts, offered?: InboundRequest): Dialog {
    const dialog = new Dialog(this.#on, facts, (ended) => {
      if (this.#dialogs.get(ended.id) !== ended) return;
      this.#dialogs.delete(ended.id);
      this.#keeper.done(ended.orphan.id);
    });
    this.#dialogs.set(dialog.id, dialog);
    this.#keeper.add(dialog.orphan.id, dialog.orphan.item);
    if (offered) dialog.awaitAnswer(offered);
    return dialog;
  }

  /** The link went: tells everybody; what is returned may still ring or be up at the other side. */
  lost(): readonly KeptOrphan[] {
    const invites = [...this.#outbound];
    const dialogs = [...this.#dialogs.values()];
    const orphans = [...dialogs, ...invites].flatMap(({ orphan }) => orphan ?? []);
    for (const invite of invites) invite.lost();
    for (const invite of [...this.#inbound]) invite.lost();
    for (const dialog of dialogs) dialog.lost();
    for (const asking of this.#asking) asking.abort(CONTROL_LOST);
    return orphans;
  }

  /** CANCELs, refuses and BYEs everything; resolves when the other sides have confirmed. */
  async hangUp(): Promise<void> {
    const reason = { protocol: 'SIP', cause: 503, text: 'the gateway is stopping' } as const;
    for (const invite of [...this.#inbound]) invite.reject(503, { reason });
    for (const invite of [...this.#outbound]) invite.cancel(reason);
    await Promise.all([...this.#dialogs.values()].map((dialog) => dialog.bye(reason)));
    await Promise.all([...this.#outbound].map((invite) => invite.over));
    for (const dialog of [...this.#dialogs.values()]) dialog.stopTelling();
    await Promise.all([...this.#dialogs.values()].map((dialog) => dialog.bye(reason)));
  }
}
