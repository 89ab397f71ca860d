import type { Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { Connection, getHostAddresses } from 'werift';

/**
 * The only file that reaches into werift's ICE agent. It needs four things that its public face lacks, and
 * `test/webrtc/werift-tap.test.ts` fails when a new version moves one of them:
 * - `getCandidatePromises(addresses)`: bind exactly these addresses (loopback too) and ask no STUN server;
 * - `stunServer` to be emptied, because an unset one means a public default;
 * - each protocol's UDP transport with `onData` and `socket`: RTP is taken out before any STUN parsing, and
 *   sent without a promise and a statistic a packet.
 */
interface AgentInternals {
  stunServer: unknown;
  localCandidatesStart: boolean;
  localCandidatesEnd: boolean;
  readonly protocols: readonly ProtocolInternals[];
  getCandidatePromises(addresses: readonly string[]): Promise<unknown>[];
}

interface ProtocolInternals {
  readonly transport: {
    onData: (data: Buffer, from: [string, number]) => void;
    readonly socket: Socket;
  };
}

export interface AgentOptions {
  readonly addresses: readonly string[];
  readonly bindAddress?: string | undefined;
  readonly portRange?: readonly [number, number] | undefined;
  /** RTP and RTCP (RFC 7983 section 7), as they come off the socket. */
  readonly onMedia: (packet: Buffer) => void;
}

/** A full, controlling ICE agent bound to the given addresses; undefined when none could be bound. */
export async function openAgent(options: AgentOptions): Promise<Connection | undefined> {
  const { bindAddress, portRange } = options;
  const agent = new Connection(true, {
    iceLite: false,
    useTcp: false,
    useIpv4: true,
    useIpv6: true,
    ...(portRange ? { portRange: [portRange[0], portRange[1]] as [number, number] } : {}),
    ...(bindAddress
      ? { interfaceAddresses: isIPv6(bindAddress) ? { udp6: bindAddress } : { udp4: bindAddress } }
      : {}),
  });
  const internals = agent as unknown as AgentInternals;
  internals.stunServer = undefined;
  internals.localCandidatesStart = true;
  await Promise.allSettled(internals.getCandidatePromises(options.addresses));
  internals.localCandidatesEnd = true;
  if (agent.localCandidates.length === 0) {
    await agent.close();
    return undefined;
  }
  for (const { transport } of internals.protocols) {
    const agentsOwn = transport.onData;
    transport.onData = (data, from) => {
      const first = data[0] ?? 0;
      if (first > 127 && first < 192) options.onMedia(data);
      else agentsOwn(data, from);
    };
  }
  return agent;
}

/** Every address of the machine that a call could use; loopback only when there is nothing else. */
export function hostAddresses(): string[] {
  const found = getHostAddresses(true, true, {});
  return found.length > 0 ? found : ['127.0.0.1'];
}

/** Datagrams of one agent between `send` and the system call, which dgram makes a tick later. */
const RING = 32;
const DATAGRAM_BYTES = 1_500;

/** Sends on an agent's nominated pair, without a promise and a statistic a packet. */
export class PairSender {
  readonly #agent: Connection;
  readonly #ring = Buffer.allocUnsafeSlow(RING * DATAGRAM_BYTES);
  #next = 0;

  constructor(agent: Connection) {
    this.#agent = agent;
  }

  /** Drops a packet before ICE is up, after consent expired, and over 1500 bytes. `packet` may be reused at once. */
  send(packet: Uint8Array): void {
    const agent = this.#agent;
    const pair = agent.nominated;
    if (!pair || agent.state !== 'connected' || packet.length > DATAGRAM_BYTES) return;
    const { transport } = pair.protocol as unknown as ProtocolInternals;
    const at = this.#next * DATAGRAM_BYTES;
    this.#next = (this.#next + 1) % RING;
    this.#ring.set(packet, at);
    const { host, port } = pair.remoteCandidate;
    transport.socket.send(this.#ring, at, packet.length, port, host, ignoreSendError);
  }
}

/** An unreachable network shows as lost packets, and consent checks end the call if it lasts. */
function ignoreSendError(): void {}
