import { randomBytes } from 'node:crypto';
import { isIP, SocketAddress } from 'node:net';
import { Candidate, CandidatePairState, Connection } from 'werift';
import type { LocalCandidate, MetaCandidate } from '../sdp/index.ts';
import type { Clock, TimerHandle } from '../shared/clock.ts';
import type { DatagramIo, Peer } from '../shared/datagram.ts';
import { bindAddresses, hostAddresses, localCandidates } from './addresses.ts';
import type { IceDump } from './types.ts';
import { UdpSocket } from './udp-socket.ts';
import { attachSocket } from './werift-tap.ts';

export interface IceAgentOptions {
  readonly bindAddress?: string | undefined;
  readonly externalAddress?: string | undefined;
  readonly portRange?: readonly [number, number] | undefined;
  readonly io: DatagramIo;
  readonly clock: Clock;
  readonly onMedia: (packet: Buffer, length: number) => void;
  /** From the nominated pair's remote address only. */
  readonly onDtls: (datagram: Buffer) => void;
  /** Consent expired (RFC 7675: 30 s without a reply). */
  readonly onExpired: () => void;
}

export interface IceCredentials {
  readonly ufrag: string;
  readonly pwd: string;
}

/**
 * werift gives a pair up after 1.5 s of checks, but Meta's relay may open its port later than its answer comes:
 * pairs that failed are checked again until the set-up time is over.
 */
const RECHECK_MS = 500;

type CandidatePair = NonNullable<Connection['nominated']>;

/** Our side of ICE: full, controlling, regular nomination, one component, over sockets of ours. */
export class IceAgent {
  readonly local: IceCredentials;
  readonly candidates: readonly LocalCandidate[];
  readonly #agent: Connection;
  readonly #sockets: readonly UdpSocket[];
  readonly #io: DatagramIo;
  readonly #clock: Clock;
  /** The nominated pair, and what it is to a socket. */
  #pair: CandidatePair | undefined;
  #peer: Peer | undefined;
  #socket: UdpSocket | undefined;
  #recheck: TimerHandle | undefined;
  #closed = false;

  /** Rejects with the system's error when the (first) address could not be bound. */
  static async open(options: IceAgentOptions): Promise<IceAgent> {
    const agent = new Connection(true, { iceLite: false, useTcp: false });
    const local = { ufrag: randomBytes(6).toString('base64'), pwd: randomBytes(24).toString('base64') };
    agent.localUsername = local.ufrag;
    agent.localPassword = local.pwd;
    agent.userHistory = { [local.ufrag]: local.pwd };
    const hosts = hostAddresses();
    const addresses = bindAddresses(options.bindAddress, hosts);
    const bound = await Promise.allSettled(
      addresses.map((address) => bindTo(agent, address, hosts, options)),
    );
    const sockets = bound.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    // IPv6 may be missing beside IPv4, not the other way round.
    if (bound[0]?.status === 'rejected') {
      await Promise.all(sockets.map((socket) => socket.close()));
      throw bound[0].reason;
    }
    const bindings = bound.flatMap((result, index) =>
      result.status === 'fulfilled' ? [{ address: addresses[index] ?? '', port: result.value.port }] : [],
    );
    const candidates = localCandidates(bindings, options.externalAddress, hosts);
    return new IceAgent(agent, sockets, local, candidates, options);
  }

  private constructor(
    agent: Connection,
    sockets: readonly UdpSocket[],
    local: IceCredentials,
    candidates: readonly LocalCandidate[],
    options: IceAgentOptions,
  ) {
    this.#agent = agent;
    this.#sockets = sockets;
    this.#io = options.io;
    this.#clock = options.clock;
    this.local = local;
    this.candidates = candidates;
    agent.stateChanged.subscribe((state) => {
      if (state === 'failed') options.onExpired();
    });
  }

  /**
   * Checks the candidates; resolves when a pair is nominated or the agent was closed, or never (the set-up time
   * is the caller's). Rejects when no candidate can be reached from our sockets.
   */
  async connect(remote: IceCredentials, candidates: readonly MetaCandidate[]): Promise<void> {
    // Always as towards an ICE-lite peer: that is how werift nominates regularly instead of aggressively.
    this.#agent.setRemoteParams({ iceLite: true, usernameFragment: remote.ufrag, password: remote.pwd });
    for (const c of candidates) {
      // A name would be resolved, or asked for by mDNS; Meta gives addresses.
      if (c.transport !== 'udp' || c.component !== 1 || isIP(c.address) === 0) continue;
      const address = canonical(c.address);
      await this.#agent.addRemoteCandidate(
        new Candidate(c.foundation, 1, 'udp', c.priority, address, c.port, 'host'),
      );
    }
    await this.#agent.addRemoteCandidate(undefined);
    if (this.#closed) return;
    this.#armRecheck();
    await this.#agent.connect();
    this.#recheck?.clear();
    // Nominated in the very moment of `close`: werift has just begun its consent checks anew.
    if (this.#closed) await this.#agent.close();
  }

  /** For the consent checks from now on (RFC 7675); the pair stays. */
  useRemote({ ufrag, pwd }: IceCredentials): void {
    this.#agent.remoteUsername = ufrag;
    this.#agent.remotePassword = pwd;
  }

  get remote(): IceCredentials {
    return { ufrag: this.#agent.remoteUsername, pwd: this.#agent.remotePassword };
  }

  /** Counts of the nominated pair. */
  get consent(): { readonly sent: number; readonly answered: number } {
    const pair = this.#agent.nominated;
    return { sent: pair?.consentRequestsSent ?? 0, answered: pair?.responsesReceived ?? 0 };
  }

  /** Sends the first `length` bytes on the nominated pair; false when there is none, or consent expired. */
  send(datagram: Uint8Array, length: number): boolean {
    const pair = this.#agent.nominated;
    if (!pair || this.#agent.state !== 'connected') return false;
    if (pair !== this.#pair) this.#use(pair);
    const socket = this.#socket;
    const peer = this.#peer;
    if (!socket || !peer) return false;
    socket.sendTo(datagram, length, peer);
    return true;
  }

  /** Datagrams that the system refused to send on the pair in use. */
  get unsent(): number {
    return this.#socket?.unsent ?? 0;
  }

  /** Datagrams of strangers that nobody looked at, because there were too many. */
  get strangers(): number {
    let all = 0;
    for (const socket of this.#sockets) all += socket.strangers;
    return all;
  }

  dump(): IceDump {
    const pair = this.#agent.nominated;
    return {
      local: pair && `${pair.localCandidate.host}:${pair.localCandidate.port}`,
      remote: pair && `${pair.remoteCandidate.host}:${pair.remoteCandidate.port}`,
      rttMs: pair?.rtt === undefined ? undefined : Math.round(pair.rtt * 1000),
      consent: this.consent,
      candidates: this.candidates.length,
      strangers: this.strangers,
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#recheck?.clear();
    await this.#agent.close();
    await Promise.all(this.#sockets.map((socket) => socket.close()));
  }

  #use(pair: CandidatePair): void {
    const { host, port } = pair.remoteCandidate;
    this.#pair = pair;
    this.#peer = this.#io.peer(host, port);
    this.#socket = this.#socketOf(host);
  }

  #socketOf(remote: string): UdpSocket | undefined {
    const family = remote.includes(':') ? 6 : 4;
    for (const socket of this.#sockets) if (socket.family === family) return socket;
    return undefined;
  }

  #armRecheck(): void {
    this.#recheck = this.#clock.after(RECHECK_MS, () => {
      for (const pair of this.#agent.checkList) {
        if (this.#agent.nominated) return;
        if (pair.state === CandidatePairState.FAILED) pair.handle = this.#agent.checkStart(pair);
      }
      this.#armRecheck();
    });
  }
}

async function bindTo(
  agent: Connection,
  address: string,
  hosts: readonly string[],
  options: IceAgentOptions,
): Promise<UdpSocket> {
  let stun: ReturnType<typeof attachSocket> = () => {};
  const socket = await UdpSocket.bind({
    io: options.io,
    clock: options.clock,
    address,
    portRange: options.portRange,
    onMedia: options.onMedia,
    onControl: (datagram, from, port) => {
      const first = datagram[0] ?? 0;
      if (first < 4) return stun(datagram, from, port);
      const pair = agent.nominated?.remoteCandidate;
      if (first >= 20 && first <= 63 && pair?.port === port && pair.host === from) options.onDtls(datagram);
    },
  });
  const sameFamily = (host: string): boolean => host.includes(':') === address.includes(':');
  const any = address === '0.0.0.0' || address === '::';
  stun = attachSocket(agent, socket, any ? (hosts.find(sameFamily) ?? address) : address);
  return socket;
}

/** As sockets report senders: `2001:db8::1`, not `2001:DB8:0:0::1`. */
function canonical(address: string): string {
  return isIP(address) === 6 ? new SocketAddress({ address, family: 'ipv6' }).address : address;
}
