import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6, type Socket } from 'node:net';

/** RFC 3261 17.1.2.1, T1 and the longest wait between two. ms */
const T1_MS = 500;
const T2_MS = 4_000;
/** A longer answer is none. Bytes. */
const MAX_BYTES = 65_536;

export interface OptionsProbe {
  readonly protocol: 'udp' | 'tcp';
  readonly address: string;
  readonly port: number;
  /** Host of the Request-URI, as the trunk's INVITEs have it, and its user if any. */
  readonly host: string;
  /** Ours: where it is sent from. */
  readonly localAddress?: string | undefined;
  readonly fromDomain?: string | undefined;
  readonly userAgent: string;
  readonly timeoutMs: number;
  /** Already connected, for TLS. */
  readonly socket?: Socket;
}

export interface SipAnswer {
  readonly status: number;
  readonly reason: string;
  readonly body: string;
}

/** One OPTIONS (RFC 3261 11). Rejects with the system's error, or after `timeoutMs`. */
export function askOptions(probe: OptionsProbe): Promise<SipAnswer> {
  return probe.protocol === 'udp' ? byUdp(probe) : byStream(probe);
}

function byUdp(probe: OptionsProbe): Promise<SipAnswer> {
  const { address, port, localAddress, timeoutMs } = probe;
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  const callId = randomBytes(8).toString('hex');
  return new Promise((resolve, reject) => {
    let again: NodeJS.Timeout | undefined;
    const late = setTimeout(() => end(new Error(NO_ANSWER)), timeoutMs);
    const end = (result: SipAnswer | Error): void => {
      clearTimeout(again);
      clearTimeout(late);
      socket.removeAllListeners();
      socket.on('error', () => undefined);
      socket.close();
      if (result instanceof Error) reject(result);
      else resolve(result);
    };
    socket.on('error', end);
    socket.on('message', (bytes) => {
      const answer = answerIn(bytes.toString('latin1'), callId);
      if (answer && answer.status >= 200) end(answer);
    });
    // Connected, so that the system tells when nobody listens there.
    const begin = (): void =>
      // Node calls back when there is no way to the address, too; its types know nothing of it.
      socket.connect(port, address, (error?: Error) => {
        if (error) return end(error);
        const request = requestText(probe, callId, 'UDP', socket.address());
        let waitMs = T1_MS;
        const send = (): void => {
          socket.send(request);
          again = setTimeout(send, waitMs);
          waitMs = Math.min(2 * waitMs, T2_MS);
        };
        send();
      });
    if (localAddress === undefined) begin();
    else socket.bind({ address: localAddress, port: 0, exclusive: true }, begin);
  });
}

function byStream(probe: OptionsProbe): Promise<SipAnswer> {
  const { address, port, localAddress, timeoutMs, socket: given } = probe;
  const callId = randomBytes(8).toString('hex');
  return new Promise((resolve, reject) => {
    const socket =
      given ?? connect({ host: address, port, ...(localAddress === undefined ? {} : { localAddress }) });
    const late = setTimeout(() => end(new Error(NO_ANSWER)), timeoutMs);
    let text = '';
    const end = (result: SipAnswer | Error): void => {
      clearTimeout(late);
      socket.removeAllListeners();
      socket.on('error', () => undefined);
      socket.destroy();
      if (result instanceof Error) reject(result);
      else resolve(result);
    };
    socket.on('error', end);
    socket.on('close', () => end(new Error('it closed the connection')));
    socket.on('data', (bytes: Buffer) => {
      text = (text + bytes.toString('latin1')).slice(0, MAX_BYTES);
      const answer = answerIn(text, callId, true);
      if (answer && answer.status >= 200) end(answer);
    });
    const send = (): void => {
      const { localAddress: own = '127.0.0.1', localPort = 0 } = socket;
      socket.write(requestText(probe, callId, given ? 'TLS' : 'TCP', { address: own, port: localPort }));
    };
    if (given) send();
    else socket.once('connect', send);
  });
}

function requestText(
  { host, port, fromDomain, userAgent }: OptionsProbe,
  callId: string,
  transport: 'UDP' | 'TCP' | 'TLS',
  local: { readonly address: string; readonly port: number },
): string {
  const own = `${bracketed(local.address)}:${local.port}`;
  const via = `SIP/2.0/${transport} ${own};branch=z9hG4bK${randomBytes(8).toString('hex')};rport`;
  const uri = `sip:${bracketed(host)}:${port}${transport === 'UDP' ? '' : `;transport=${transport.toLowerCase()}`}`;
  return [
    `OPTIONS ${uri} SIP/2.0`,
    `Via: ${via}`,
    'Max-Forwards: 70',
    `From: <sip:doctor@${bracketed(fromDomain ?? local.address)}>;tag=${randomBytes(4).toString('hex')}`,
    `To: <${uri}>`,
    `Call-ID: ${callId}`,
    'CSeq: 1 OPTIONS',
    `Contact: <sip:doctor@${own}>`,
    'Accept: application/sdp',
    `User-Agent: ${userAgent}`,
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n');
}

/** The answer to our request in what came; undefined: it is none, or on a stream not all of it is there. */
export function answerIn(text: string, callId: string, isStream = false): SipAnswer | undefined {
  const end = text.indexOf('\r\n\r\n');
  const [, status, reason = ''] = /^(?:\r\n)*SIP\/2\.0 (\d{3}) ?([^\r\n]*)/.exec(text) ?? [];
  if (end < 0 || status === undefined) return undefined;
  const head = text.slice(0, end);
  if (/^(?:call-id|i)\s*:\s*(\S+)/im.exec(head)?.[1] !== callId) return undefined;
  const length = Number(/^(?:content-length|l)\s*:\s*(\d+)/im.exec(head)?.[1] ?? (isStream ? 0 : Infinity));
  const body = text.slice(end + 4, end + 4 + length);
  if (isStream && body.length < length) return undefined;
  const answer = { status: Number(status), reason, body };
  // 100 Trying and others of its kind come first on a stream: what follows counts.
  if (answer.status >= 200 || !isStream) return answer;
  return answerIn(text.slice(end + 4 + length), callId, true);
}

/** Names of static payload types (RFC 3551 6) that the gateway knows. */
const STATIC = new Map([
  ['0', 'PCMU'],
  ['8', 'PCMA'],
  ['9', 'G722'],
]);

/** Encodings of the audio lines of an SDP, upper case; undefined: it has no audio. */
export function encodingsOf(sdp: string): readonly string[] | undefined {
  const media = /^m=audio \d+ \S+ (.+)$/m.exec(sdp.replaceAll('\r', ''));
  if (!media) return undefined;
  const named = new Map(
    [...sdp.matchAll(/^a=rtpmap:(\d+) ([^/\s]+)/gm)].map(([, type = '', name = '']) => [
      type,
      name.toUpperCase(),
    ]),
  );
  return (media[1] ?? '')
    .trim()
    .split(/\s+/)
    .flatMap((type) => named.get(type) ?? STATIC.get(type) ?? []);
}

const bracketed = (host: string): string => (isIPv6(host) ? `[${host}]` : host);

const NO_ANSWER = 'no answer in time';
