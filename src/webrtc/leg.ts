import { randomBytes, randomInt } from 'node:crypto';
import { Candidate, type Connection } from 'werift';
import {
  buildLocalAnswer,
  buildMetaOffer,
  type MetaDescription,
  type MetaOfferOptions,
  parseMetaDescription,
  planReceive,
  planSend,
  type SdpProblem,
} from '../sdp/index.ts';
import type { TimerHandle } from '../shared/clock.ts';
import { GatewayError } from '../shared/error.ts';
import { err, ok, type Result } from '../shared/result.ts';
import { type DtlsCertificate, dtlsCertificate } from './certificate.ts';
import { RemoteCredentials } from './credentials.ts';
import { DtlsSession } from './dtls.ts';
import type { WebrtcLeg, WebrtcLegOptions, WebrtcState } from './types.ts';
import { hostAddresses, openAgent, PairSender } from './werift-tap.ts';

/** Binds the sockets and makes the offer; waits for no server. Rejects with WEBRTC_BIND. */
export async function openWebrtcLeg(options: WebrtcLegOptions): Promise<WebrtcLeg> {
  const certificate = await dtlsCertificate();
  const { bindAddress, portMin, portMax } = options;
  // The leg is made after the sockets; packets cannot come before the answer is out anyway.
  const media: { sink: (packet: Buffer) => void } = { sink: () => {} };
  const agent = await openAgent({
    addresses:
      bindAddress && bindAddress !== '0.0.0.0' && bindAddress !== '::' ? [bindAddress] : hostAddresses(),
    bindAddress: bindAddress === '0.0.0.0' || bindAddress === '::' ? undefined : bindAddress,
    portRange: portMin !== undefined && portMax !== undefined ? [portMin, portMax] : undefined,
    onMedia: (packet) => media.sink(packet),
  });
  if (!agent) {
    throw new GatewayError('WEBRTC_BIND', undefined, {
      address: bindAddress ?? 'any',
      ports: `${portMin ?? 'any'}-${portMax ?? 'any'}`,
    });
  }
  const leg = new Leg(options, agent, certificate);
  media.sink = (packet) => options.events.onDatagram(packet);
  return leg;
}

class Leg implements WebrtcLeg {
  readonly offerSdp: string;
  readonly ssrc: number;
  readonly #options: WebrtcLegOptions;
  readonly #agent: Connection;
  readonly #sender: PairSender;
  readonly #certificate: DtlsCertificate;
  readonly #offer: MetaOfferOptions;
  #state: WebrtcState = 'new';
  #dtls: DtlsSession | undefined;
  #credentials: RemoteCredentials | undefined;
  #fingerprint = '';
  #setup: TimerHandle | undefined;
  #answerVersion = 1;
  #closing: Promise<void> | undefined;

  constructor(options: WebrtcLegOptions, agent: Connection, certificate: DtlsCertificate) {
    this.#options = options;
    this.#agent = agent;
    this.#sender = new PairSender(agent);
    this.#certificate = certificate;
    this.ssrc = randomInt(1, 2 ** 32);
    this.#offer = {
      sessionId: (randomBytes(8).readBigUInt64BE() >> 2n).toString(),
      candidates: agent.localCandidates.map(({ foundation, priority, host, port }) => ({
        foundation,
        priority,
        address: options.externalAddress ?? host,
        port,
      })),
      iceUfrag: agent.localUsername,
      icePwd: agent.localPassword,
      fingerprint: certificate.fingerprint,
      ssrc: this.ssrc,
      cname: `gw-${randomBytes(6).toString('hex')}`,
      streamId: 'gw-stream',
      trackId: 'gw-audio-0',
    };
    this.offerSdp = buildMetaOffer(this.#offer);
    agent.stateChanged.subscribe((state) => {
      if (state === 'failed') this.#fail('ice: consent expired or the checks failed');
    });
    agent.onData.subscribe((data) => {
      const first = data[0] ?? 0;
      if (first >= 20 && first <= 63) this.#dtls?.receive(data);
    });
  }

  get state(): WebrtcState {
    return this.#state;
  }

  applyAnswer(sdp: string): Result<undefined, SdpProblem> {
    if (this.#state !== 'new')
      return err(new GatewayError('WEBRTC_STATE', `An answer came in state ${this.#state}.`));
    const parsed = parseMetaDescription(sdp);
    if (!parsed.ok) return parsed;
    const description = parsed.value;
    if (description.setup === 'active') {
      return err(
        new GatewayError('WEBRTC_STATE', 'Meta wants to be the DTLS client; we always are.', {
          line: 'a=setup',
        }),
      );
    }
    const planned = this.#plan(description);
    if (!planned.ok) return planned;
    this.#fingerprint = description.fingerprint;
    this.#agent.iceControlling = true;
    this.#agent.setRemoteParams({
      iceLite: description.ice.lite,
      usernameFragment: description.ice.ufrag,
      password: description.ice.pwd,
    });
    this.#credentials = new RemoteCredentials(this.#agent, this.#options.clock, this.#options.log);
    this.#setup = this.#options.clock.after(this.#options.setupTimeoutMs ?? 15_000, () =>
      this.#fail(`setup timed out in state ${this.#state}`),
    );
    this.#become('ice-checking');
    this.#connect(description).catch((error: unknown) => this.#fail(`ice: ${String(error)}`));
    return ok(undefined);
  }

  applyRenegotiation(sdp: string): Result<{ readonly answerSdp: string }, SdpProblem> {
    if (this.#state === 'new' || this.#state === 'failed' || this.#state === 'closed') {
      return err(new GatewayError('WEBRTC_STATE', `An offer came in state ${this.#state}.`));
    }
    const parsed = parseMetaDescription(sdp);
    if (!parsed.ok) return parsed;
    const description = parsed.value;
    if (description.fingerprint !== this.#fingerprint) {
      return err(new GatewayError('WEBRTC_FINGERPRINT_CHANGED', undefined, { line: 'a=fingerprint' }));
    }
    const planned = this.#plan(description);
    if (!planned.ok) return planned;
    this.#credentials?.change(description.ice);
    this.#answerVersion += 1;
    return ok({ answerSdp: buildLocalAnswer(description, this.#offer, this.#answerVersion) });
  }

  send(packet: Uint8Array): void {
    this.#sender.send(packet);
  }

  dump(): object {
    const pair = this.#agent.nominated;
    return {
      state: this.#state,
      local: pair && `${pair.localCandidate.host}:${pair.localCandidate.port}`,
      remote: pair && `${pair.remoteCandidate.host}:${pair.remoteCandidate.port}`,
      rttMs: pair?.rtt === undefined ? undefined : Math.round(pair.rtt * 1000),
      candidates: this.#agent.localCandidates.length,
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#shut('closed');
    return this.#closing;
  }

  async #connect(description: MetaDescription): Promise<void> {
    for (const c of description.candidates) {
      if (c.transport !== 'udp' || c.component !== 1) continue;
      await this.#agent.addRemoteCandidate(
        new Candidate(c.foundation, c.component, c.transport, c.priority, c.address, c.port, c.type),
      );
    }
    await this.#agent.addRemoteCandidate(undefined);
    await this.#agent.connect();
    if (this.#state !== 'ice-checking') return;
    this.#become('ice-connected');
    this.#dtls = new DtlsSession({
      agent: this.#agent,
      certificate: this.#certificate,
      fingerprint: this.#fingerprint,
      clock: this.#options.clock,
      onKeys: (keys) => {
        this.#setup?.clear();
        this.#options.events.onKeys(keys);
        this.#become('secure');
      },
      onEnd: (reason) => this.#fail(reason),
    });
    this.#dtls.start();
  }

  #plan(description: MetaDescription): Result<undefined, SdpProblem> {
    const receive = planReceive(description);
    if (!receive.ok) return receive;
    const send = planSend(description, this.#offer);
    if (!send.ok) return send;
    this.#options.events.onPlan({ receive: receive.value, send: send.value });
    return ok(undefined);
  }

  #become(state: WebrtcState, reason?: string): void {
    if (this.#state === 'failed' || this.#state === 'closed') return;
    this.#state = state;
    this.#options.events.onState(state, reason);
  }

  #fail(reason: string): void {
    if (this.#state === 'failed' || this.#state === 'closed') return;
    this.#become('failed', reason);
    this.#closing ??= this.#shut(undefined);
  }

  async #shut(state: 'closed' | undefined): Promise<void> {
    this.#setup?.clear();
    this.#dtls?.close();
    this.#credentials?.close();
    if (state) this.#become(state);
    await this.#agent.close();
  }
}
