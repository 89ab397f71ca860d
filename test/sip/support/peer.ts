import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';

/** A SIP message as it came over UDP. Header names in lower case; repeated ones joined by commas. */
export interface Message {
  readonly start: string;
  readonly method: string;
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  readonly source: RemoteInfo;
}

function parse(text: string, source: RemoteInfo): Message {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [start = '', ...lines] = head.split('\r\n');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers.set(name, headers.has(name) ? `${headers.get(name)},${value}` : value);
  }
  const status = start.startsWith('SIP/2.0 ') ? Number(start.split(' ')[1]) : 0;
  return {
    start,
    method: status ? '' : start.split(' ')[0]!,
    status,
    headers,
    body: rest.join('\r\n\r\n'),
    source,
  };
}

const newBranch = (): string => `z9hG4bK${Math.random().toString(36).slice(2)}`;

/** A desk phone without a mind of its own: a UDP socket that sends what the test says, message by message. */
export class Peer {
  readonly uri: string;
  readonly port: number;
  readonly tag = Math.random().toString(36).slice(2);
  /** Everything received, retransmissions not. */
  readonly received: Message[] = [];
  readonly #socket: Socket;
  readonly #seen = new Set<string>();
  #unread: Message[] = [];
  #waiting: {
    readonly wanted: (message: Message) => boolean;
    readonly resolve: (message: Message) => void;
  }[] = [];
  #cseq = 100;
  #retired = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.port = socket.address().port;
    this.uri = `sip:phone@127.0.0.1:${this.port}`;
    socket.on('message', (data, source) => this.#onMessage(data.toString('utf8'), source));
  }

  static async start(): Promise<Peer> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const peer = new Peer(socket);
    onTestFinished(() => peer.#retire());
    return peer;
  }

  /** After the test: says 200 to what the leg sends while it closes, without keeping the process. */
  #retire(): void {
    this.#socket.unref();
    this.#retired = true;
    for (const message of this.#unread) this.#sayYes(message);
  }

  #sayYes(message: Message): void {
    if (message.method !== '' && message.method !== 'ACK') this.respond(message, 200);
  }

  #onMessage(text: string, source: RemoteInfo) {
    // Of a call that is over, RTP may come to whoever has its port now.
    if (!/^[^\r\n]*SIP\/2\.0/.test(text) || this.#seen.has(text)) return;
    this.#seen.add(text);
    const message = parse(text, source);
    if (this.#retired) return this.#sayYes(message);
    this.received.push(message);
    const index = this.#waiting.findIndex(({ wanted }) => wanted(message));
    if (index >= 0) this.#waiting.splice(index, 1)[0]!.resolve(message);
    else this.#unread.push(message);
  }

  /** The oldest unread message that matches. */
  #next(wanted: (message: Message) => boolean): Promise<Message> {
    const index = this.#unread.findIndex(wanted);
    if (index >= 0) return Promise.resolve(this.#unread.splice(index, 1)[0]!);
    return new Promise((resolve) => this.#waiting.push({ wanted, resolve }));
  }

  request(method: string): Promise<Message> {
    return this.#next((message) => message.method === method);
  }

  /** The next response with that status to a request of that method. */
  response(status: number, method?: string): Promise<Message> {
    return this.#next(
      (message) => message.status === status && (!method || message.headers.get('cseq')!.endsWith(method)),
    );
  }

  respond(
    request: Message,
    status: number,
    options: {
      headers?: Record<string, string>;
      body?: string;
      contentType?: string;
      tag?: string;
      reason?: string;
    } = {},
  ): void {
    const {
      headers = {},
      body = '',
      contentType = 'application/sdp',
      tag = this.tag,
      reason = 'Reason',
    } = options;
    const to = request.headers.get('to')!;
    this.#send(
      request.source,
      [
        `SIP/2.0 ${status} ${reason}`,
        `Via: ${request.headers.get('via')}`,
        `From: ${request.headers.get('from')}`,
        `To: ${to}${to.includes(';tag=') ? '' : `;tag=${tag}`}`,
        `Call-ID: ${request.headers.get('call-id')}`,
        `CSeq: ${request.headers.get('cseq')}`,
        ...('Contact' in headers ? [] : [`Contact: <${this.uri}>`]),
        ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
        ...(body === '' ? [] : [`Content-Type: ${contentType}`]),
      ],
      body,
    );
  }

  /** Sends a request in the dialog that `invite` (of the other side) made. */
  requestIn(
    invite: Message,
    method: string,
    options: { headers?: Record<string, string>; body?: string; cseq?: number } = {},
  ): void {
    const target = /<([^>]+)>/.exec(invite.headers.get('contact')!)![1]!;
    this.#request(
      method,
      target,
      invite.source,
      {
        From: `${invite.headers.get('to')};tag=${this.tag}`,
        To: invite.headers.get('from')!,
        'Call-ID': invite.headers.get('call-id')!,
        ...options.headers,
      },
      options.cseq ?? ++this.#cseq,
      options.body ?? '',
    );
  }

  /** Sends a request outside of a dialog to `contact`, e.g. `udp/127.0.0.1:5060`; `cancel` sends its CANCEL. */
  requestTo(
    contact: string,
    method: string,
    options: { headers?: Record<string, string>; body?: string; user?: string } = {},
  ): { callId: string; cancel: (headers: Record<string, string>) => void } {
    const [address = '', digits = ''] = contact.replace('udp/', '').split(':');
    const to = { address, port: Number(digits) };
    const uri = `sip:${options.user ?? 'gateway'}@${address}:${digits}`;
    const callId = `${Math.random().toString(36).slice(2)}@peer`;
    const branch = newBranch();
    const cseq = ++this.#cseq;
    const identity = {
      From: `"Desk 12" <sip:12@127.0.0.1>;tag=${this.tag}`,
      To: `<sip:gateway@${address}>`,
      'Call-ID': callId,
    };
    this.#request(method, uri, to, { ...identity, ...options.headers }, cseq, options.body ?? '', branch);
    const cancel = (headers: Record<string, string>): void =>
      this.#request('CANCEL', uri, to, { ...identity, ...headers }, cseq, '', branch);
    return { callId, cancel };
  }

  /** ACK of `final`, the answer to an INVITE of ours. */
  ack(final: Message, body = ''): void {
    const target = /<([^>]+)>/.exec(final.headers.get('contact') ?? '')?.[1] ?? 'sip:gateway@127.0.0.1';
    this.#request(
      'ACK',
      target,
      final.source,
      {
        From: final.headers.get('from')!,
        To: final.headers.get('to')!,
        'Call-ID': final.headers.get('call-id')!,
      },
      Number.parseInt(final.headers.get('cseq')!, 10),
      body,
    );
  }

  #request(
    method: string,
    uri: string,
    to: { address: string; port: number },
    headers: Record<string, string>,
    cseq: number,
    body: string,
    branch = newBranch(),
  ): void {
    this.#send(
      to,
      [
        `${method} ${uri} SIP/2.0`,
        `Via: SIP/2.0/UDP 127.0.0.1:${this.port};branch=${branch};rport`,
        'Max-Forwards: 70',
        ...('Contact' in headers ? [] : [`Contact: <${this.uri}>`]),
        `CSeq: ${cseq} ${method}`,
        ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
        ...(body === '' || 'Content-Type' in headers ? [] : ['Content-Type: application/sdp']),
      ],
      body,
    );
  }

  #send(to: { address: string; port: number }, lines: string[], body: string): void {
    const text = `${lines.join('\r\n')}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    this.#socket.send(text, to.port, to.address);
  }
}
