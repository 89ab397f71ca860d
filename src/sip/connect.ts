import type { TimerHandle } from '../shared/clock.ts';
import { GatewayError } from '../shared/error.ts';
import { err, type Result } from '../shared/result.ts';
import { safely } from './context.ts';
import { CONTROL_LOST } from './failure.ts';
import { cleanText } from './grammar.ts';
import type { InboundRequest, Link, LinkAttempt, LinkFailure } from './link.ts';
import { endOrphan, type KeptOrphan, noKeeper, type OrphanKeeper } from './orphans.ts';
import { Registering } from './registering.ts';
import { type SessionOptions, Sessions } from './sessions.ts';
import { openLink } from './srf.ts';
import type {
  ConnectSipOptions,
  InviteEvents,
  InviteOptions,
  OptionsRequest,
  OutboundInvite,
  RequestFailure,
  SipControl,
} from './types.ts';
import type { RegisterOptions, Registration } from './types-register.ts';

const CONNECT_TIMEOUT_MS = 10_000;
const CLOSE_MS = 2_000;
/** How long after a loss the other sides are still hung up when the link is back; later they have noticed themselves. */
const ORPHANS_MS = 120_000;

/**
 * Connects to a drachtio application port and keeps connected until `close()`.
 * Rejects with SIP_CONTROL_UNREACHABLE, SIP_SECRET_REFUSED when the first attempt fails.
 */
export async function connectSip(options: ConnectSipOptions): Promise<SipControl> {
  const control = new Control(options);
  await control.start();
  return control;
}

interface Up {
  readonly link: Link;
  readonly sessions: Sessions;
}

class Control implements SipControl {
  readonly #options: ConnectSipOptions;
  readonly #session: SessionOptions;
  #up: Up | undefined;
  #contacts: readonly string[] = [];
  #attempt: LinkAttempt | undefined;
  #retry: TimerHandle | undefined;
  #delayMs: number;
  #orphans: { readonly atMs: number; readonly what: readonly KeptOrphan[] }[];
  readonly #keeper: OrphanKeeper;
  #closing: Promise<void> | undefined;
  readonly #registrations = new Set<Registering>();

  constructor(options: ConnectSipOptions) {
    this.#options = options;
    this.#delayMs = this.#minMs;
    const {
      clock,
      log,
      requestTimeoutMs,
      random = Math.random,
      ready,
      onIncomingInvite,
      registrar,
      keeper = noKeeper,
    } = options;
    this.#keeper = keeper;
    this.#orphans = [{ atMs: clock.monotonic(), what: keeper.left }];
    const userAgent = cleanText(options.userAgent);
    this.#session = {
      clock,
      log,
      requestTimeoutMs,
      random,
      userAgent,
      ready,
      keeper,
      ...(onIncomingInvite && { onIncomingInvite }),
      ...(registrar && { registrar }),
    };
  }

  get contacts(): readonly string[] {
    return this.#contacts;
  }

  get connected(): boolean {
    return this.#up !== undefined;
  }

  get #minMs(): number {
    return this.#options.reconnect?.minMs ?? 100;
  }

  dump(): ReturnType<SipControl['dump']> {
    return { connected: this.connected, ...(this.#up?.sessions.counts ?? { invites: 0, dialogs: 0 }) };
  }

  async start(): Promise<void> {
    const failure = await this.#open();
    if (!failure) return;
    const { host, port } = this.#options;
    const code = failure.kind === 'secret-refused' ? 'SIP_SECRET_REFUSED' : 'SIP_CONTROL_UNREACHABLE';
    throw new GatewayError(code, undefined, { host, port, cause: failure.text });
  }

  /** One attempt; undefined when it succeeded. */
  async #open(): Promise<LinkFailure | undefined> {
    const { host, port, secret, clock, log, connectTimeoutMs = CONNECT_TIMEOUT_MS } = this.#options;
    // The server may send requests in the same read as its greeting, before `done` has been awaited.
    let early: InboundRequest[] = [];
    let sessions: Sessions | undefined;
    let lost: string | undefined;
    this.#attempt = openLink({
      host,
      port,
      secret,
      clock,
      log,
      connectTimeoutMs,
      onRequest: (request) => (sessions ? sessions.onRequest(request) : early.push(request)),
      onLost: (why) => {
        lost = why;
        if (sessions) this.#onLost(why);
      },
    });
    const result = await this.#attempt.done;
    this.#attempt = undefined;
    if (!result.ok) return result.error;
    if (lost !== undefined) return { kind: 'unreachable', text: lost };
    if (this.#closing !== undefined) {
      result.value.close();
      return { kind: 'closed', text: 'closed' };
    }
    sessions = new Sessions(this.#session, result.value);
    this.#up = { link: result.value, sessions };
    this.#contacts = result.value.contacts;
    this.#delayMs = this.#minMs;
    log.info({ host, port, contacts: this.#contacts }, 'sip.connected');
    this.#burnOrphans(result.value);
    for (const each of this.#registrations) each.connected(sessions.on);
    safely(log, 'onState', () => this.#options.onState('connected'));
    const waiting = early;
    early = [];
    for (const request of waiting) sessions.onRequest(request);
    return undefined;
  }

  #onLost(why: string): void {
    const up = this.#up;
    if (!up) return;
    this.#up = undefined;
    const { clock, log } = this.#options;
    log.error({ why, ...up.sessions.counts }, 'sip.lost');
    const what = up.sessions.lost();
    this.#orphans.push({ atMs: clock.monotonic(), what });
    // Until they are ended; this process may die as well before it is connected again.
    for (const { id, item } of what) this.#keeper.add(id, item);
    for (const each of this.#registrations) each.lost();
    safely(log, 'onState', () => this.#options.onState('lost'));
    this.#scheduleRetry();
  }

  #scheduleRetry(): void {
    if (this.#closing !== undefined) return;
    const { clock, log, reconnect } = this.#options;
    const delay = this.#delayMs;
    this.#delayMs = Math.min(delay * 2, reconnect?.maxMs ?? 5_000);
    this.#retry = clock.after(delay, () => {
      this.#open().then(
        (failure) => {
          if (!failure) return;
          log.warn({ kind: failure.kind, text: failure.text }, 'sip.reconnect-failed');
          this.#scheduleRetry();
        },
        (error: unknown) => {
          log.error({ err: error }, 'sip.reconnect-failed');
          this.#scheduleRetry();
        },
      );
    });
  }

  /**
   * Phones that were ringing or talking when the link went, or this process died, still do: a drachtio-server keeps its
   * dialogs. Their consumers are gone, so hang them up.
   */
  #burnOrphans(link: Link): void {
    const { clock, log } = this.#options;
    const since = clock.monotonic() - ORPHANS_MS;
    const all = this.#orphans;
    this.#orphans = [];
    const headers = {
      'User-Agent': this.#session.userAgent,
      Reason: 'Q.850;cause=41;text="control connection was lost"',
    };
    for (const { atMs, what } of all) {
      for (const { id, item } of what) {
        const settled = (): void => this.#keeper.done(id);
        if (atMs < since) settled();
        else endOrphan(link, item, headers, settled);
      }
      if (what.length > 0) log.warn({ calls: what.length }, 'sip.orphans-ended');
    }
  }

  invite(options: InviteOptions, events: InviteEvents): OutboundInvite {
    if (this.#up && this.#closing === undefined) return this.#up.sessions.invite(options, events);
    queueMicrotask(() => safely(this.#options.log, 'onFailed', () => events.onFailed(CONTROL_LOST)));
    return { cancel: () => {} };
  }

  options(request: OptionsRequest): Promise<Result<number, RequestFailure>> {
    if (this.#up && this.#closing === undefined) return this.#up.sessions.options(request);
    return Promise.resolve(err(CONTROL_LOST));
  }

  register(options: RegisterOptions): Registration {
    const registration = new Registering(this.#session, options, () =>
      this.#registrations.delete(registration),
    );
    this.#registrations.add(registration);
    // Not before the caller has it.
    queueMicrotask(() => this.#up && registration.connected(this.#up.sessions.on));
    return registration;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#retry?.clear();
    this.#attempt?.abort();
    const up = this.#up;
    if (!up) return;
    let limit: TimerHandle | undefined;
    const late = new Promise<void>((resolve) => {
      limit = this.#options.clock.after(CLOSE_MS, resolve);
    });
    const unregistered = [...this.#registrations].map((each) => each.stop());
    await Promise.race([Promise.all([up.sessions.hangUp(), ...unregistered]), late]);
    limit?.clear();
    this.#up = undefined;
    up.link.close();
    for (const each of [...this.#registrations]) each.lost();
    // What did not answer in time settles now.
    up.sessions.lost();
  }
}
