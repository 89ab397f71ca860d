import type { TimerHandle } from '../../shared/clock.ts';
import { type Dialog, routing } from '../dialog/dialog.ts';
import { Headers } from '../message/headers.ts';
import type { Target } from '../transport/transport.ts';
import type { EngineContext } from './context.ts';
import type { InDialog } from './in-dialog.ts';
import { buildCancel, buildInside, targetOf, type WireRequest } from './wire-request.ts';

/** What ends one call at its peer if this server dies: a CANCEL or BYE ready to be sent. Plain data. */
export interface LastWill {
  /** Of the dialog. */
  readonly id: string;
  readonly method: 'CANCEL' | 'BYE';
  readonly branch: string;
  /** The message, a character for each byte. */
  readonly text: string;
  readonly target: Target;
}

/** Since the last time. */
export interface WillChanges {
  readonly left: readonly LastWill[];
  /** Ids of dialogs that are over. */
  readonly settled: readonly string[];
}

/** Room for requests of ours between the will and its use: the CSeq of a BYE must be the highest (RFC 3261 12.2.2). */
const SEQ_AHEAD = 10_000;
/** Sent in such portions when a successor sends them. */
const PORTION = 50;
const PORTION_EVERY_MS = 20;

/**
 * Keeps a successor able to end the calls of a server that died. Asked now and then, it costs the calls nothing; one
 * younger than that is not covered.
 */
export class LastWills {
  readonly #context: EngineContext;
  readonly #inDialog: InDialog;
  readonly #pendingInvite: (dialog: Dialog) => WireRequest | undefined;
  /** What the will of a dialog was made of. */
  readonly #known = new Map<string, string>();
  #timer: TimerHandle | undefined;

  constructor(
    context: EngineContext,
    inDialog: InDialog,
    pendingInvite: (dialog: Dialog) => WireRequest | undefined,
  ) {
    this.#context = context;
    this.#inDialog = inDialog;
    this.#pendingInvite = pendingInvite;
  }

  changes(): WillChanges {
    const left: LastWill[] = [];
    const gone = new Set(this.#known.keys());
    for (const dialog of this.#context.dialogs) {
      if (!dialog.isCall) continue;
      const id = `${dialog.role} ${dialog.id}`;
      gone.delete(id);
      const behind = dialog.remote?.behind?.remote;
      const origin = `${dialog.state} ${dialog.remote?.target} ${behind?.address} ${behind?.port}`;
      if (this.#known.get(id) === origin || dialog.state === 'terminated') continue;
      const will = dialog.state === 'confirmed' ? this.#bye(id, dialog) : this.#cancel(id, dialog);
      if (!will) continue;
      this.#known.set(id, origin);
      left.push(will);
    }
    for (const id of gone) this.#known.delete(id);
    return { left, settled: [...gone] };
  }

  #bye(id: string, dialog: Dialog): LastWill | undefined {
    const { remote, flow } = dialog;
    const target = remote?.behind
      ? way(remote.behind)
      : remote && targetOf(routing(remote).nextHop, flow.protocol);
    if (!target) return undefined;
    const headers = new Headers().append('Reason', 'SIP;cause=503;text="Server restarted"');
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

  /** Sends what a dead server left. */
  execute(wills: readonly LastWill[]): void {
    const { transports, log } = this.#context;
    for (const { method, branch, text, target } of wills.slice(0, PORTION)) {
      transports.open(target, (flow) => {
        const bytes = Buffer.from(text, 'latin1');
        if (flow.ok) this.#inDialog.sendAlone({ method, branch, bytes, flow: flow.value });
        else log.warn({ target: target.host, error: flow.error.message }, 'sip_server.will_not_sent');
      });
    }
    const rest = wills.slice(PORTION);
    if (rest.length === 0) return;
    this.#timer = this.#context.clock.after(PORTION_EVERY_MS, () => this.execute(rest));
  }

  close(): void {
    this.#timer?.clear();
  }
}

const written = (id: string, request: WireRequest, method: LastWill['method']): Omit<LastWill, 'target'> => ({
  id,
  method,
  branch: request.branch,
  text: request.bytes.toString('latin1'),
});

const way = ({ protocol, remote }: WireRequest['flow']): Target => ({
  protocol,
  host: remote.address,
  port: remote.port,
});
