import type { TimerHandle } from '../shared/clock.ts';
import { type OnLink, type SipContext, safely } from './context.ts';
import { escapeUser } from './grammar.ts';
import { grantedSeconds } from './granted.ts';
import { ALLOW } from './headers.ts';
import type { InboundResponse, SentRequest } from './link.ts';
import { exchangeRegister, type RegisterExchange } from './register-exchange.ts';
import { NOT_GRANTED, type RegisterFailure, registerUnreachable } from './register-failure.ts';
import {
  newRegistration,
  type RegistrationEffect,
  type RegistrationEvent,
  type RegistrationState,
  reduceRegistration,
} from './registration.ts';
import { routeSetIn } from './service-route.ts';
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
  #routes: readonly string[] = [];
  #stopping: Promise<void> | undefined;
  #resolveStop: () => void = () => {};

  constructor(context: SipContext, options: RegisterOptions, onStopped: () => void) {
    this.#context = context;
    this.#options = options;
    this.#onStopped = onStopped;
    const hex = (): string => Math.floor(context.random() * 2 ** 48).toString(36);
    this.#callId = `${hex()}${hex()}`;
    this.#fromTag = hex();
    const { servers, expiresS, refreshS } = options;
    this.#state = newRegistration(servers.length, expiresS, refreshS);
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
    this.#run({ type: 'stop', atMs: this.#context.clock.monotonic() });
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
      case 'unregister':
        return this.#unregister(effect.servers);
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
          ...(this.#routes.length > 0 && { routes: this.#routes }),
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

  /** Keeps the binding at that server. */
  #register(server: number, expiresS: number): void {
    this.#abort?.();
    const on = this.#on;
    const { clock, random, requestTimeoutMs } = this.#context;
    const refuse = (failure: RegisterFailure): void =>
      this.#run({ type: 'refused', atMs: clock.monotonic(), failure, random: random() });
    if (!on) return refuse(registerUnreachable('the connection to the SIP server is gone'));
    const request = this.#request(server, expiresS, requestTimeoutMs);
    this.#abort = exchangeRegister(on, request, (outcome) => {
      this.#abort = undefined;
      if (!outcome.ok) return refuse(outcome.failure);
      const { response, sent } = outcome;
      const grantedS = grantedIn(response, sent, expiresS);
      if (grantedS <= 0) return refuse(NOT_GRANTED);
      this.#source = response.address;
      this.#routes = this.#routesIn(response, server);
      this.#run({ type: 'accepted', atMs: clock.monotonic(), grantedS, random: random() });
    });
  }

  /** Takes the bindings away at all those servers at once; one that is gone must not hold the process up. */
  #unregister(servers: readonly number[]): void {
    const on = this.#on;
    if (!on) return this.#run({ type: 'unregistered' });
    const left = new Set(servers);
    const aborts = servers.map((server) => {
      const request = this.#request(server, 0, Math.min(STOP_MS, this.#context.requestTimeoutMs));
      return exchangeRegister(on, request, () => {
        left.delete(server);
        if (left.size === 0) this.#run({ type: 'unregistered' });
      });
    });
    this.#abort = () => {
      for (const abort of aborts) abort();
    };
  }

  #request(server: number, expiresS: number, limitMs: number): RegisterExchange {
    const { aor, credentials, proxy, servers, contactUser } = this.#options;
    const person = `<sip:${escapeUser(aor.user)}@${aor.domain}>`;
    return {
      uri: `sip:${aor.domain}`,
      proxy: proxy ?? servers[server]!,
      credentials,
      limitMs,
      headers: () => {
        this.#cseq += 1;
        return {
          From: `${person};tag=${this.#fromTag}`,
          To: person,
          'Call-ID': this.#callId,
          CSeq: `${this.#cseq} REGISTER`,
          Contact: `<sip:${escapeUser(contactUser)}@localhost>`,
          Expires: String(expiresS),
          'User-Agent': this.#context.userAgent,
          Allow: ALLOW,
          Supported: 'path',
        };
      },
    };
  }

  /** RFC 3608: what the last 2xx says, or nothing; it leads no trunk from TLS into the clear, with the keys of its SDP. */
  #routesIn(response: InboundResponse, server: number): readonly string[] {
    const routes = routeSetIn(response.header('service-route'));
    const { proxy, servers, name } = this.#options;
    const isClear = isOverTls(proxy ?? servers[server] ?? '') && routes?.[0] && !isOverTls(routes[0]);
    if (routes && !isClear) return routes;
    this.#context.log.warn({ trunk: name }, 'trunk.service-route-unusable');
    return [];
  }
}

const isOverTls = (uri: string): boolean => /^sips:|;transport=tls(?=;|$)/i.test(uri);

const grantedIn = (response: InboundResponse, sent: SentRequest | undefined, askedS: number): number =>
  grantedSeconds(
    response.header('contact'),
    sent?.header('contact') ?? '',
    response.header('expires'),
    askedS,
  );
