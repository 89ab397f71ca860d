import type { TimerHandle } from '../../shared/clock.ts';
import { type Dialog, routing } from '../dialog/dialog.ts';
import { Headers } from '../message/headers.ts';
import { parseMessage } from '../message/validate.ts';
import type { Flow, Target } from '../transport/transport.ts';
import type { EngineContext } from './context.ts';
import type { InDialog } from './in-dialog.ts';
import { RESTARTED, type ServerRequests } from './server-requests.ts';
import { buildCancel, buildInside, targetOf, type WireRequest } from './wire-request.ts';

/** What ends one call at its peer if this server dies, ready to be sent: CANCEL, BYE, or a 503 to an INVITE. Plain data. */
export interface LastWill {
  /** Of the dialog. */
  readonly id: string;
  /** `INVITE`: the response to it. */
  readonly method: 'CANCEL' | 'BYE' | 'INVITE';
  /** Of a request. */
  readonly branch: string;
  /** The message, a character for each byte. */
  readonly text: string;
  readonly target: Target;
}

/** A will as it was kept outside of the process; undefined when it is none. */
export function lastWillOf(item: unknown): LastWill | undefined {
  if (typeof item !== 'object' || item === null) return undefined;
  const { id, method, branch, text, target } = item as Partial<Record<keyof LastWill, unknown>>;
  if (typeof id !== 'string' || typeof branch !== 'string' || typeof text !== 'string') return undefined;
  if (method !== 'CANCEL' && method !== 'BYE' && method !== 'INVITE') return undefined;
  if (!isTarget(target)) return undefined;
  return { id, method, branch, text, target };
}

function isTarget(value: unknown): value is Target {
  if (typeof value !== 'object' || value === null) return false;
  const { protocol, host, port } = value as Partial<Record<keyof Target, unknown>>;
  const isPort = port === undefined || (Number.isInteger(port) && Number(port) > 0 && Number(port) < 65_536);
  return typeof host === 'string' && isPort && (protocol === undefined || typeof protocol === 'string');
}

/** Since the last time. */
export interface WillChanges {
  readonly left: readonly LastWill[];
  /** Ids of dialogs that are over. */
  readonly settled: readonly string[];
}

/** What the will of a dialog was made of, and when the dialog was last there. */
interface Known {
  readonly id: string;
  readonly state: Dialog['state'];
  readonly target: string | undefined;
  readonly behind: Flow | undefined;
  round: number;
}

/** Room for requests of ours between the will and its use: the CSeq of a BYE must be the highest (RFC 3261 12.2.2). */
const SEQ_AHEAD = 10_000;
/** Sent in such portions when a successor sends them. */
const PORTION = 50;
const PORTION_EVERY_MS = 20;

/**
 * What was sent is kept so long all the same, ms: it may be lost, or a 2xx may cross the CANCEL, and a successor that dies
 * meanwhile leaves that to the next one. Somebody who answers an INVITE repeats its 2xx for so long (64*T1).
 */
const KEPT_MS = 32_000;

/** Up to so many dialogs, each message is followed by a look at all of them, which takes microseconds. */
const LOOKED_AT = 500;

/**
 * Keeps a successor able to end the calls of a server that died: after each message `onChanges` is told what is new, so
 * that there is a will as soon as there is something to end. With many dialogs that is only done when asked, now and
 * then, and a call younger than that is not covered.
 */
export class LastWills {
  readonly #context: EngineContext;
  readonly #inDialog: InDialog;
  readonly #pendingInvite: (dialog: Dialog) => WireRequest | undefined;
  readonly #peers: Pick<ServerRequests, 'unanswered'>;
  readonly #known = new Map<Dialog, Known>();
  /** INVITEs of peers, by id: the round in which each was last seen unanswered. */
  readonly #invites = new Map<string, number>();
  #round = 0;
  #timer: TimerHandle | undefined;
  readonly #keeping = new Set<TimerHandle>();
  #touched = false;
  onChanges: ((changes: WillChanges) => void) | undefined;
  /** A successor has cancelled that INVITE, whose answer may come all the same. */
  readonly #late: (request: WireRequest) => void;

  constructor(
    context: EngineContext,
    inDialog: InDialog,
    pendingInvite: (dialog: Dialog) => WireRequest | undefined,
    peers: Pick<ServerRequests, 'unanswered'>,
    late: (request: WireRequest) => void,
  ) {
    this.#peers = peers;
    this.#late = late;
    this.#context = context;
    this.#inDialog = inDialog;
    this.#pendingInvite = pendingInvite;
  }

  /** A message came in or went out; looked at when what it caused is done. */
  touch(): void {
    if (this.#touched || !this.onChanges || this.#context.dialogs.size > LOOKED_AT) return;
    this.#touched = true;
    queueMicrotask(() => {
      this.#touched = false;
      this.onChanges?.(this.changes());
    });
  }

  changes(): WillChanges {
    const { dialogs } = this.#context;
    const left: LastWill[] = [];
    const settled: string[] = [];
    this.#round += 1;
    for (const dialog of dialogs) {
      const { state, remote, isCall } = dialog;
      if (!isCall || state === 'terminated') continue;
      const known = this.#known.get(dialog);
      if (known) known.round = this.#round;
      const same =
        known?.state === state && known.target === remote?.target && known.behind === remote?.behind;
      if (same) continue;
      const id = `${dialog.role} ${dialog.id}`;
      const will = state === 'confirmed' ? this.#bye(id, dialog) : this.#cancel(id, dialog);
      if (!will) continue;
      const { target, behind } = remote ?? {};
      this.#known.set(dialog, { id, state, target, behind, round: this.#round });
      left.push(will);
    }
    this.#refusals(left, settled);
    for (const [dialog, { id, round }] of this.#known) {
      if (round === this.#round) continue;
      this.#known.delete(dialog);
      // Another dialog may have the name by now.
      if (!left.some((will) => will.id === id)) settled.push(id);
    }
    return { left, settled };
  }

  #refusals(left: LastWill[], settled: string[]): void {
    for (const { id, flow, refusal } of this.#peers.unanswered()) {
      const isNew = !this.#invites.has(id);
      this.#invites.set(id, this.#round);
      if (!isNew) continue;
      const text = refusal().toString('latin1');
      left.push({ id: `invite ${id}`, method: 'INVITE', branch: '', text, target: way(flow) });
    }
    for (const [id, round] of this.#invites) {
      if (round === this.#round) continue;
      this.#invites.delete(id);
      settled.push(`invite ${id}`);
    }
  }

  #bye(id: string, dialog: Dialog): LastWill | undefined {
    const { remote, flow } = dialog;
    const named = remote && targetOf(routing(remote).nextHop, flow.protocol);
    const target = remote?.behind ? way(remote.behind) : named && { ...named, namedBy: flow.remote.address };
    if (!target) return undefined;
    const headers = new Headers().append('Reason', RESTARTED);
    const start = { kind: 'request', method: 'BYE', uri: '' } as const;
    const message = { start, headers, body: Buffer.alloc(0) };
    const built = buildInside(dialog, 'BYE', dialog.localSeq + SEQ_AHEAD, message, flow, this.#context.ids);
    return built.ok ? { ...written(id, built.value, 'BYE'), target } : undefined;
  }

  #cancel(id: string, dialog: Dialog): LastWill | undefined {
    const invite = this.#pendingInvite(dialog);
    if (!invite) return undefined;
    return { ...written(id, buildCancel(invite, undefined), 'CANCEL'), target: way(invite.flow) };
  }

  /**
   * Sends what a dead server left.
   *
   * @param settled told the ids of each portion when nothing more can be done about it
   */
  execute(wills: readonly LastWill[], settled: (ids: readonly string[]) => void = () => {}): void {
    const { transports, log } = this.#context;
    for (const { method, branch, text, target } of wills.slice(0, PORTION)) {
      transports.open(target, (flow) => {
        const bytes = Buffer.from(text, 'latin1');
        // The caller's ACK finds nobody, which does no harm; it repeats nothing, for it has its answer.
        if (flow.ok && method === 'INVITE') this.#inDialog.transmit(bytes, flow.value);
        else if (flow.ok) {
          if (method === 'CANCEL') this.#expectAnswer(bytes, branch, flow.value);
          this.#inDialog.sendAlone({ method, branch, bytes, flow: flow.value });
        } else log.warn({ target: target.host, error: flow.error.message }, 'sip_server.will_not_sent');
      });
    }
    this.#keep(wills.slice(0, PORTION), settled);
    const rest = wills.slice(PORTION);
    if (rest.length === 0) return;
    this.#timer = this.#context.clock.after(PORTION_EVERY_MS, () => this.execute(rest, settled));
  }

  /** A response is done with when it is sent: who did not get it asks again, and is then somebody new. */
  #keep(wills: readonly LastWill[], settled: (ids: readonly string[]) => void): void {
    const idsOf = (isResponse: boolean): string[] =>
      wills.filter(({ method }) => (method === 'INVITE') === isResponse).map(({ id }) => id);
    settled(idsOf(true));
    const requests = idsOf(false);
    if (requests.length === 0) return;
    const kept = this.#context.clock.after(KEPT_MS, () => {
      this.#keeping.delete(kept);
      settled(requests);
    });
    this.#keeping.add(kept);
  }

  /** Somebody may have picked up while there was no server: a 2xx that nobody acknowledged comes again and again. */
  #expectAnswer(bytes: Buffer, branch: string, flow: Flow): void {
    const parsed = parseMessage(bytes);
    if (!parsed.ok || parsed.value.kind !== 'request') return;
    const { uri, headers, cseq, callId, fromTag = '' } = parsed.value;
    this.#late({ method: 'INVITE', uri, headers, bytes, branch, flow, seq: cseq.seq, callId, fromTag });
  }

  close(): void {
    this.onChanges = undefined;
    this.#timer?.clear();
    for (const kept of this.#keeping) kept.clear();
    this.#keeping.clear();
  }
}

const written = (id: string, request: WireRequest, method: LastWill['method']): Omit<LastWill, 'target'> => ({
  id,
  method,
  branch: request.branch,
  text: request.bytes.toString('latin1'),
});

const way = ({ protocol, remote }: Flow): Target => ({
  protocol,
  host: remote.address,
  port: remote.port,
});
