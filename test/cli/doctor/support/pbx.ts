import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { createServer } from 'node:tls';

/** A SIP peer of loopback that answers OPTIONS, by UDP or by TLS. */
export class Pbx {
  status = '200 OK';
  /** In the answer; '' for none. */
  sdp = sdpOf('0 8 101', ['a=rtpmap:101 telephone-event/8000']);
  readonly #udp: UdpSocket | undefined;
  readonly #tls: Server | undefined;

  static async start(certificate?: { readonly cert: string; readonly key: string }): Promise<Pbx> {
    const pbx = new Pbx(certificate);
    pbx.#udp?.bind(0, '127.0.0.1');
    pbx.#tls?.listen(0, '127.0.0.1');
    await once(pbx.#udp ?? (pbx.#tls as Server), 'listening');
    return pbx;
  }

  private constructor(certificate?: { readonly cert: string; readonly key: string }) {
    if (certificate) {
      this.#tls = createServer(certificate, (socket) => {
        socket.on('error', () => socket.destroy());
        socket.on('data', (bytes) => socket.write(this.#answer(bytes.toString('latin1'))));
      });
      return;
    }
    this.#udp = createSocket('udp4');
    this.#udp.on('message', (bytes, from) =>
      this.#udp?.send(this.#answer(bytes.toString('latin1')), from.port, from.address),
    );
  }

  get port(): number {
    const place = this.#udp?.address() ?? (this.#tls?.address() as AddressInfo | undefined);
    return place?.port ?? 0;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      if (this.#udp) this.#udp.close(() => resolve());
      else this.#tls?.close(() => resolve());
    });
  }

  #answer(request: string): string {
    const copied = ['Via', 'From', 'To', 'Call-ID', 'CSeq'].map(
      (name) => new RegExp(`^${name}: .*$`, 'm').exec(request)?.[0].trim() ?? '',
    );
    const body = this.sdp;
    return [
      `SIP/2.0 ${this.status}`,
      ...copied,
      ...(body === '' ? [] : ['Content-Type: application/sdp']),
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n');
  }
}

/** @param types payload types of the audio line */
export function sdpOf(types: string, attributes: readonly string[] = []): string {
  return [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    'c=IN IP4 127.0.0.1',
    't=0 0',
    `m=audio 0 RTP/AVP ${types}`,
    ...attributes,
    '',
  ].join('\r\n');
}
