import type { TimerHandle } from '../shared/clock.ts';
import { ChallengeAnswers } from './challenge.ts';
import { type OnLink, type SipContext, safely } from './context.ts';
import { escapeUser } from './grammar.ts';
import { grantedSeconds } from './granted.ts';
import { ALLOW } from './headers.ts';
import type { InboundResponse, SentRequest } from './link.ts';
import { failureOfRegister, NOT_GRANTED, REGISTER_TIMEOUT, registerUnreachable } from './register-failure.ts';
import {
  newRegistration,
  type RegistrationEffect,
  type RegistrationEvent,
  type RegistrationState,
  reduceRegistration,
} from './registration.ts';
import type { RegisterOptions, Registration, RegistrationView } from './types-register.ts';

/** How long `stop` waits until the registrar has taken the binding away, ms. */
const STOP_MS = 1_500;

/** One address of record kept registered, over one link after another: the hands of `reduceRegistration`. */
export class Registering implements Registration {
  readonly #context: SipContext;
  readonly #options: RegisterOptions;
  readonly #onStopped: () => void;
  readonly #callId: string;
  readonly #fromTag: string;
  #cseq = 0;
  #on: OnLink | undefined;
  #state: RegistrationState;
  #view: RegistrationView = { up: false, phase: 'unregistered', why: 'not yet registered' };
  #timer: TimerHandle | undefined;
  #abort: (() => void) | undefined;
  #source = '';
  #stopping: Promise<void> | undefined;
  #resolveStop: () => void = () => {};

  constructor(context: SipContext, options: RegisterOptions, onStopped: () => void) {
    this.#context = context;
    this.#options = options;
    this.#onStopped = onStopped;
    const hex = (): string => Math.floor(context.random() * 2 ** 48).toString(36);
    this.#callId = `${hex()}${hex()}`;
    this.#fromTag = hex();
    this.#state = newRegistration(options.servers.length, options.expiresS);
  }

  get view(): RegistrationView {
    return this.#view;
  }

  /** Requests go by this link from now on. */
  connected(on: OnLink): void {
    this.#on = on;
    this.#run({ type: 'connected' });
  }

  /** The link went, and the answers with it. */
  lost(): void {
    this.#on = undefined;
    this.#run({ type: 'lost' });
  }

  stop(): Promise<void> {
    if (this.#stopping) return this.#stopping;
    this.#stopping = new Promise((resolve) => {
      this.#resolveStop = resolve;
    });
    this.#run({ type: 'stop' });
    return this.#stopping;
  }

  #run(event: RegistrationEvent): void {
    const { state, effects } = reduceRegistration(this.#state, event);
    this.#state = state;
    for (const effect of effects) this.#apply(effect);
  }

  #apply(effect: RegistrationEffect): void {
    const { log, clock } = this.#context;
    const { name } = this.#options;
    switch (effect.type) {
      case 'send':
        return this.#register(effect.server, effect.expiresS);
      case 'abort':
        return this.#abort?.();
      case 'disarm':
        return this.#timer?.clear();
      case 'arm':
        this.#timer?.clear();
        this.#timer = clock.after(effect.afterMs, () => this.#run({ type: 'due', atMs: clock.monotonic() }));
        return;
      case 'up': {
        const server = this.#options.servers[effect.server];
        const isNews = !this.#view.up || this.#view.server !== server;
        log[isNews ? 'info' : 'debug'](
          { trunk: name, server, grantedS: effect.grantedS },
          'trunk.registered',
        );
        return this.#tell({
          up: true,
          phase: 'registered',
          why: 'registered',
          server,
          address: this.#source,
        });
      }
      case 'failed': {
        const { code, status, text } = effect.failure;
        const retryMs = Math.round(effect.retryMs);
        log.warn({ trunk: name, code, status, text, retryMs }, 'trunk.registration-failed');
        return;
      }
      case 'down':
        return this.#tell({ up: false, phase: this.#state.phase, why: effect.why });
      case 'stopped':
        this.#abort?.();
        this.#timer?.clear();
        this.#tell({ up: false, phase: 'stopped', why: 'unregistered' });
        this.#resolveStop();
        return this.#onStopped();
    }
  }

  #tell(view: RegistrationView): void {
    const before = this.#view;
    this.#view = view;
    if (before.up === view.up && before.server === view.server && before.why === view.why) return;
    safely(this.#context.log, 'onState', () => this.#options.onState(view));
  }

  /** One request through its challenges to its outcome, which is told once, or never when it was given up. */
  #register(server: number, expiresS: number): void {
    this.#abort?.();
    const on = this.#on;
    const { clock, random, requestTimeoutMs } = this.#context;
    let open = true;
    const end = (event: RegistrationEvent | undefined): void => {
      if (!open) return;
      open = false;
      limit.clear();
      this.#abort = undefined;
      if (event) this.#run(event);
    };
    const refuse = (failure: ReturnType<typeof failureOfRegister>): void =>
      end({ type: 'refused', atMs: clock.monotonic(), failure, random: random() });
    // When it ends, a registrar that is gone must not hold the process up.
    const limit = clock.after(expiresS === 0 ? Math.min(STOP_MS, requestTimeoutMs) : requestTimeoutMs, () =>
      refuse(REGISTER_TIMEOUT),
    );
    this.#abort = () => end(undefined);
    if (!on) return refuse(registerUnreachable('the connection to the SIP server is gone'));

    const { aor, credentials, proxy, servers, contactUser } = this.#options;
    const answers = new ChallengeAnswers(credentials, random);
    const uri = `sip:${aor.domain}`;
    const person = `<sip:${escapeUser(aor.user)}@${aor.domain}>`;
    const send = (authorization: Record<string, string>): void => {
      if (!open) return;
      let sent: SentRequest | undefined;
      this.#cseq += 1;
      on.link.send(
        {
          method: 'REGISTER',
          uri,
          proxy: proxy ?? servers[server]!,
          headers: {
            From: `${person};tag=${this.#fromTag}`,
            To: person,
            'Call-ID': this.#callId,
            CSeq: `${this.#cseq} REGISTER`,
            Contact: `<sip:${escapeUser(contactUser)}@localhost>`,
            Expires: String(expiresS),
            'User-Agent': on.userAgent,
            Allow: ALLOW,
            ...authorization,
          },
        },
        {
          onSent: (request) => {
            sent = request;
          },
          onRefused: (text) => refuse(registerUnreachable(text)),
          onResponse: (response) => {
            if (!open || response.status < 200) return;
            const signed = { method: 'REGISTER', uri: sent?.uri ?? uri, body: '' };
            const again = answers.next(response, signed);
            if (again) return send(again);
            if (response.status >= 300) return refuse(failureOfRegister(response));
            this.#source = response.address;
            const grantedS = grantedIn(response, sent, expiresS);
            if (expiresS > 0 && grantedS <= 0) return refuse(NOT_GRANTED);
            end({ type: 'accepted', atMs: clock.monotonic(), grantedS, random: random() });
          },
        },
      );
    };
    send({});
  }
}

const grantedIn = (response: InboundResponse, sent: SentRequest | undefined, askedS: number): number =>
  grantedSeconds(
    response.header('contact'),
    sent?.header('contact') ?? '',
    response.header('expires'),
    askedS,
  );
