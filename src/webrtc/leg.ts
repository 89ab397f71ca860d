import { randomBytes, randomInt } from 'node:crypto';
import {
  buildLocalAnswer,
  buildMetaAnswer,
  buildMetaOffer,
  MESSENGER_SDP,
  type MetaDescription,
  type MetaOfferOptions,
  parseMetaDescription,
  planReceive,
  planSend,
  type ReceivePlan,
  type SdpProblem,
} from '../sdp/index.ts';
import type { TimerHandle } from '../shared/clock.ts';
import { GatewayError } from '../shared/error.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { type DtlsCertificate, dtlsCertificate } from './certificate.ts';
import { ConsentWatch } from './consent-watch.ts';
import { DtlsSession } from './dtls-session.ts';
import { IceAgent } from './ice-agent.ts';
import type { Renegotiated, WebrtcDump, WebrtcLeg, WebrtcLegOptions, WebrtcState } from './types.ts';
import type { DtlsRole } from './werift-tap.ts';

const DEFAULT_SETUP_TIMEOUT_MS = 15_000;

/**
 * Binds the sockets and makes our description; waits for no server. Rejects with WEBRTC_BIND, or with what is wrong
 * with Meta's offer.
 */
export async function openWebrtcLeg(options: WebrtcLegOptions): Promise<WebrtcLeg> {
  const certificate = await dtlsCertificate();
  const { bindAddress, externalAddress, portMin, portMax, io, clock } = options;
  // The leg is made after its sockets; nothing of use can come before Meta has seen the offer.
  let leg: Leg | undefined;
  const opening = IceAgent.open({
    bindAddress,
    externalAddress,
    portRange: portMin !== undefined && portMax !== undefined ? [portMin, portMax] : undefined,
    io,
    clock,
    onMedia: (packet, length) => leg?.media(packet, length),
    onDtls: (datagram) => leg?.dtls(datagram),
    onExpired: () => leg?.expired(),
  });
  const agent = await opening.catch((cause: unknown) => {
    const detail = { address: bindAddress ?? 'any', ports: `${portMin ?? 'any'}-${portMax ?? 'any'}` };
    throw new GatewayError('WEBRTC_BIND', undefined, detail, { cause });
  });
  try {
    leg = new Leg(options, agent, certificate);
    return leg;
  } catch (error) {
    await agent.close();
    throw error;
  }
}

class Leg implements WebrtcLeg {
  readonly localSdp: string;
  readonly ssrc: number;
  readonly #options: WebrtcLegOptions;
  readonly #agent: IceAgent;
  readonly #certificate: DtlsCertificate;
  readonly #offer: MetaOfferOptions;
  #state: WebrtcState = 'new';
  #dtls: DtlsSession | undefined;
  #consent: ConsentWatch | undefined;
  /** Credentials of an offer that came while ICE was still checking. */
  #remote: MetaDescription['ice'] | undefined;
  #fingerprint = '';
  #setup: TimerHandle | undefined;
  #role: DtlsRole = 'client';
  #answerVersion = 1;
  #closing: Promise<void> | undefined;

  constructor(options: WebrtcLegOptions, agent: IceAgent, certificate: DtlsCertificate) {
    this.#options = options;
    this.#agent = agent;
    this.#certificate = certificate;
    this.ssrc = randomInt(1, 2 ** 32);
    this.#offer = {
      sessionId: (randomBytes(8).readBigUInt64BE() >> 2n).toString(),
      candidates: agent.candidates,
      iceUfrag: agent.local.ufrag,
      icePwd: agent.local.pwd,
      fingerprint: certificate.fingerprint,
      ssrc: this.ssrc,
      cname: `gw-${randomBytes(6).toString('hex')}`,
      streamId: 'gw-stream',
      trackId: 'gw-audio-0',
    };
    this.localSdp = this.#describe();
  }

  /** Throws what is wrong with Meta's offer. */
  #describe(): string {
    const { remoteOffer, dialect = MESSENGER_SDP } = this.#options;
    if (remoteOffer === undefined) return buildMetaOffer(this.#offer, dialect);
    const parsed = parseMetaDescription(remoteOffer);
    if (!parsed.ok) throw parsed.error;
    const answer = buildMetaAnswer(parsed.value, this.#offer, dialect);
    if (!answer.ok) throw answer.error;
    return answer.value;
  }

  get state(): WebrtcState {
    return this.#state;
  }

  get unsent(): number {
    return this.#agent.unsent;
  }

  get strangers(): number {
    return this.#agent.strangers;
  }

  applyAnswer(sdp: string): Result<undefined, SdpProblem> {
    if (this.#state !== 'new') return wrongState('An answer', this.#state);
    const parsed = parseMetaDescription(sdp);
    if (!parsed.ok) return parsed;
    const description = parsed.value;
    this.#role = this.#roleTowards(description.setup);
    const planned = this.#plan(description);
    if (!planned.ok) return planned;
    this.#fingerprint = description.fingerprint;
    this.#setup = this.#options.clock.after(this.#options.setupTimeoutMs ?? DEFAULT_SETUP_TIMEOUT_MS, () =>
      this.#fail(`setup timed out in state ${this.#state}`),
    );
    this.#become('ice-checking');
    this.#connect(description).catch((error: unknown) => this.#fail(`ice: ${String(error)}`));
    return ok(undefined);
  }

  applyRenegotiation(sdp: string): Result<Renegotiated, SdpProblem> {
    if (this.#state === 'new' || this.#state === 'failed' || this.#state === 'closed') {
      return wrongState('An offer', this.#state);
    }
    const parsed = parseMetaDescription(sdp);
    if (!parsed.ok) return parsed;
    const description = parsed.value;
    if (description.fingerprint !== this.#fingerprint) {
      return err(new GatewayError('WEBRTC_FINGERPRINT_CHANGED', undefined, { line: 'a=fingerprint' }));
    }
    const planned = this.#plan(description);
    if (!planned.ok) return planned;
    // Checks in flight keep the answer's credentials; consent checks then try these.
    if (this.#consent) this.#consent.change(description.ice);
    else this.#remote = description.ice;
    this.#answerVersion += 1;
    const answerSdp = buildLocalAnswer(description, this.#offer, this.#answerVersion);
    return ok({ answerSdp, receive: planned.value });
  }

  send(packet: Uint8Array, length: number): void {
    this.#agent.send(packet, length);
  }

  media(packet: Buffer, length: number): void {
    this.#consent?.heard();
    try {
      this.#options.events.onDatagram(packet, length);
    } catch (error) {
      this.#bug(error);
    }
  }

  dtls(datagram: Buffer): void {
    try {
      this.#dtls?.receive(datagram);
    } catch (error) {
      this.#bug(error);
    }
  }

  expired(): void {
    this.#fail('ice: no reply to consent checks for 30 s');
  }

  dump(): WebrtcDump {
    return { state: this.#state, ssrc: this.ssrc, answerVersion: this.#answerVersion, ...this.#agent.dump() };
  }

  close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = this.#shut();
      this.#become('closed');
    }
    return this.#closing;
  }

  async #connect(description: MetaDescription): Promise<void> {
    await this.#agent.connect(description.ice, description.candidates);
    if (this.#state !== 'ice-checking') return;
    const { clock, log } = this.#options;
    this.#consent = new ConsentWatch({
      agent: this.#agent,
      clock,
      log,
      onLost: () => {
        if (this.#state === 'secure') this.#become('disconnected', 'ice: consent checks stay unanswered');
      },
      onBack: () => {
        if (this.#state === 'disconnected') this.#become('secure');
      },
      onFailed: () => this.#fail('ice: no reply to consent checks and no packet'),
    });
    if (this.#remote) this.#consent.change(this.#remote);
    this.#dtls = new DtlsSession({
      role: this.#role,
      certificate: this.#certificate,
      fingerprint: this.#fingerprint,
      clock,
      send: (datagram) => this.#agent.send(datagram, datagram.length),
      onKeys: (keys) => {
        this.#setup?.clear();
        // Not `profile`: logs cut what may be a person's.
        log.info({ srtp: keys.profile, ...this.#agent.dump() }, 'webrtc.secure');
        this.#options.events.onKeys(keys);
        this.#become('secure');
      },
      onEnd: (reason) => this.#fail(reason),
    });
    this.#become('ice-connected');
    if (this.#closing === undefined) this.#dtls.start();
  }

  /**
   * RFC 8842 section 5.3: an active answer makes us the server. `actpass` is no answer, but WhatsApp sends it and means
   * `active`; in its offers it means that we may choose, and we are the client.
   */
  #roleTowards(setup: MetaDescription['setup']): DtlsRole {
    const { remoteOffer, dialect = MESSENGER_SDP } = this.#options;
    if (remoteOffer !== undefined) return 'client';
    const isActive = setup === 'active' || (setup === 'actpass' && dialect.platform === 'whatsapp');
    return isActive ? 'server' : 'client';
  }

  #plan(description: MetaDescription): Result<ReceivePlan, SdpProblem> {
    const receive = planReceive(description, this.#options.dialect);
    if (!receive.ok) return receive;
    const send = planSend(description, this.#offer);
    if (!send.ok) return send;
    this.#options.events.onPlan({ receive: receive.value, send: send.value });
    return receive;
  }

  #become(state: WebrtcState, reason?: string): void {
    if (this.#state === 'failed' || this.#state === 'closed') return;
    this.#state = state;
    this.#options.events.onState(state, reason);
  }

  #fail(reason: string): void {
    if (this.#closing !== undefined) return;
    this.#closing = this.#shut();
    this.#become('failed', reason);
  }

  /** A bug on the way of a packet ends this call, not the thread with all the others. */
  #bug(error: unknown): void {
    this.#options.log.error({ err: error }, 'webrtc.bug');
    this.#fail(`bug: ${String(error)}`);
  }

  /** Synchronously stops everything that could still report; the promise is for the sockets. */
  async #shut(): Promise<void> {
    this.#setup?.clear();
    this.#dtls?.close();
    this.#consent?.close();
    await this.#agent.close();
  }
}

function wrongState(what: string, state: WebrtcState): Result<never, SdpProblem> {
  return err(new GatewayError('WEBRTC_STATE', `${what} came in state ${state}.`));
}
