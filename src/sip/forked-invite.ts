import type { Reason } from './reason.ts';
import type { InviteEvents, InviteFailure, InviteOptions, OutboundInvite } from './types.ts';

const ELSEWHERE: Reason = { protocol: 'SIP', cause: 200, text: 'Call completed elsewhere' };
const CANCELLED: InviteFailure = { status: 487, reason: 'Request Terminated', kind: 'cancelled' };

/**
 * One call to several contacts of the same callee, as a forking proxy has it (RFC 3261 16.6, 16.7): those of one group
 * ring at once, the next group when nobody of the one before is left. The first 200 wins, the others are CANCELled
 * (`SIP;cause=200`, RFC 3326), and the best of the failures is the one that counts.
 *
 * @param groups at least one, none empty; a branch that must not ring for ever has a `ringTimeoutMs`
 * @param events as those of one INVITE; 18x come from every branch, told apart by To tag, and so does `onSent`
 */
export function forkInvite(
  invite: (options: InviteOptions, events: InviteEvents) => OutboundInvite,
  groups: readonly (readonly InviteOptions[])[],
  events: InviteEvents,
): OutboundInvite {
  return new ForkedInvite(invite, groups, events);
}

class ForkedInvite implements OutboundInvite {
  readonly #invite: (options: InviteOptions, events: InviteEvents) => OutboundInvite;
  readonly #events: InviteEvents;
  readonly #ringing = new Set<OutboundInvite>();
  readonly #failures: InviteFailure[] = [];
  #groups: readonly (readonly InviteOptions[])[];
  #cancelled = false;
  #settled = false;

  constructor(
    invite: (options: InviteOptions, events: InviteEvents) => OutboundInvite,
    groups: readonly (readonly InviteOptions[])[],
    events: InviteEvents,
  ) {
    this.#invite = invite;
    this.#groups = groups;
    this.#events = events;
    this.#next();
  }

  cancel(reason?: Reason): void {
    if (this.#settled || this.#cancelled) return;
    this.#cancelled = true;
    this.#stop(reason);
  }

  #next(): void {
    const [group = [], ...rest] = this.#groups;
    this.#groups = rest;
    for (const options of group) this.#branch(options);
  }

  #branch(options: InviteOptions): void {
    const { onSent, onProvisional, onUpdate, onEarlyMedia } = this.#events;
    const branch: OutboundInvite = this.#invite(options, {
      // Each branch has a Call-ID of its own.
      onSent: (sent) => onSent?.(sent),
      onProvisional: (provisional) => {
        if (!this.#settled) onProvisional(provisional);
      },
      onUpdate: (update) => (this.#settled ? { status: 487 } : (onUpdate?.(update) ?? { status: 488 })),
      onEarlyMedia: (said) => {
        if (!this.#settled) onEarlyMedia?.(said);
      },
      onAnswered: (answered) => {
        this.#settled = true;
        this.#ringing.delete(branch);
        this.#stop(ELSEWHERE);
        this.#events.onAnswered(answered);
      },
      onFailed: (failure) => this.#failed(branch, failure),
    });
    this.#ringing.add(branch);
  }

  #failed(branch: OutboundInvite, failure: InviteFailure): void {
    this.#ringing.delete(branch);
    if (this.#settled) return;
    this.#failures.push(failure);
    // RFC 3261 16.7, 5: the callee has spoken, wherever.
    if (isGlobal(failure)) this.#stop({ protocol: 'SIP', cause: failure.status, text: failure.reason });
    if (this.#ringing.size > 0) return;
    if (this.#groups.length > 0) return this.#next();
    this.#settled = true;
    this.#events.onFailed(this.#cancelled ? CANCELLED : best(this.#failures));
  }

  /** Nobody else is called, and those that ring are cancelled. */
  #stop(reason: Reason | undefined): void {
    this.#groups = [];
    for (const branch of [...this.#ringing]) branch.cancel(reason);
  }
}

const isGlobal = ({ kind, status }: InviteFailure): boolean => kind === 'response' && status >= 600;

/** RFC 3261 16.7, 6; a phone that is busy says more of its owner than one that was not there. */
function best(failures: readonly InviteFailure[]): InviteFailure {
  return failures.toSorted((a, b) => rank(a) - rank(b))[0] ?? CANCELLED;
}

function rank({ kind, status }: InviteFailure): number {
  if (kind === 'control-lost') return 0;
  if (kind === 'timeout') return 5;
  if (kind === 'transport') return 8;
  if (kind === 'cancelled') return 9;
  if (status >= 600) return 1;
  if (status < 400) return 2;
  if (status === 486) return 3;
  if (status < 500) return 4;
  return status === 503 ? 7 : 6;
}
