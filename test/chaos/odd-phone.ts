import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/**
 * Phones that no desk has, by the user that is rung: `mute` says 100 and no more, `early` lets something be heard before it
 * answers (183 with SDP), which it never does. Owns its sockets until `close`.
 */
export class OddPhone {
  readonly #sip: Socket;
  /** Takes what is sent there. */
  readonly #rtp: Socket;
  /** Calls that were neither cancelled nor hung up, by Call-ID: their INVITE. */
  readonly #open = new Map<string, string>();

  static async start(): Promise<OddPhone> {
    const sockets = [createSocket('udp4'), createSocket('udp4')] as const;
    for (const socket of sockets) {
      socket.bind(0, '127.0.0.1');
      await once(socket, 'listening');
    }
    return new OddPhone(...sockets);
  }

  private constructor(sip: Socket, rtp: Socket) {
    this.#sip = sip;
    this.#rtp = rtp;
    sip.on('message', (data, from) => this.#take(data.toString('utf8'), from));
  }

  get port(): number {
    return this.#sip.address().port;
  }

  /** Calls that ring here. */
  get open(): number {
    return this.#open.size;
  }

  /** What was left here is no longer counted. */
  forget(): void {
    this.#open.clear();
  }

  close(): void {
    this.#sip.close();
    this.#rtp.close();
  }

  #take(request: string, from: RemoteInfo): void {
    const [, method, user] = /^([A-Z]+) sip:([^@;>\s]*)/.exec(request) ?? [];
    const callId = headerOf(request, 'Call-ID');
    const answer = (to: string, status: string, sdp = ''): void =>
      this.#sip.send(this.#answer(to, status, sdp), from.port, from.address);
    if (method === 'INVITE') {
      this.#open.set(callId, request);
      if (user === 'early') answer(request, '183 Session Progress', this.#sdp());
      else answer(request, '100 Trying');
    } else if (method === 'CANCEL') {
      answer(request, '200 OK');
      const invite = this.#open.get(callId);
      this.#open.delete(callId);
      if (invite) answer(invite, '487 Request Terminated');
    } else if (method !== undefined && method !== 'ACK') {
      this.#open.delete(callId);
      answer(request, '200 OK');
    }
  }

  #answer(request: string, status: string, sdp: string): string {
    const to = headerOf(request, 'To');
    const tag = to.includes(';tag=') || status.startsWith('100') ? '' : ';tag=odd';
    return [
      `SIP/2.0 ${status}`,
      ...headersOf(request, 'Via').map((via) => `Via: ${via}`),
      ...['From', 'Call-ID', 'CSeq'].map((name) => `${name}: ${headerOf(request, name)}`),
      `To: ${to}${tag}`,
      `Contact: <sip:odd@127.0.0.1:${this.port}>`,
      ...(sdp === '' ? [] : ['Content-Type: application/sdp']),
      `Content-Length: ${Buffer.byteLength(sdp)}`,
      '',
      sdp,
    ].join('\r\n');
  }

  #sdp(): string {
    const { port } = this.#rtp.address() as AddressInfo;
    return [
      ...['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0'],
      ...[`m=audio ${port} RTP/AVP 0`, 'a=rtpmap:0 PCMU/8000', 'a=sendrecv', ''],
    ].join('\r\n');
  }
}

const headersOf = (message: string, name: string): string[] =>
  [...message.matchAll(new RegExp(`^${name}: *(.*)\r$`, 'gim'))].map(([, value = '']) => value);
const headerOf = (message: string, name: string): string => headersOf(message, name)[0] ?? '';
