/** What an end says of its audio. */
export interface AudioSdp {
  readonly port: number;
  /** Default 127.0.0.1. */
  readonly address?: string;
  /** Of o=; every change of the rest needs another. Default 1. */
  readonly version?: number;
  readonly direction?: 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
  /** Default PCMU and telephone-event 101. */
  readonly payloads?: readonly string[];
  /** Further lines of the session, before its media. */
  readonly session?: readonly string[];
  readonly sessionId?: number;
}

/** An SDP written by hand, as PBXs write it. `payloads`: `0 PCMU/8000`, `101 telephone-event/8000`. */
export function sdp({
  port,
  address = '127.0.0.1',
  version = 1,
  direction,
  payloads = ['0 PCMU/8000', '101 telephone-event/8000'],
  session = [],
  sessionId = 77,
}: AudioSdp): string {
  const numbers = payloads.map((payload) => payload.split(' ')[0]);
  return [
    'v=0',
    `o=- ${sessionId} ${version} IN IP4 127.0.0.1`,
    's=-',
    `c=IN IP4 ${address}`,
    't=0 0',
    ...session,
    `m=audio ${port} RTP/AVP ${numbers.join(' ')}`,
    ...payloads.map((payload) => `a=rtpmap:${payload}`),
    ...(direction ? [`a=${direction}`] : []),
    '',
  ].join('\r\n');
}

export interface ReadSdp {
  readonly address: string;
  readonly port: number;
  readonly direction: string;
  /** `0 PCMU/8000`. */
  readonly payloads: readonly string[];
  readonly version: number;
}

/** What the gateway's SDP says, read line by line. */
export function readSdp(text: string): ReadSdp {
  const lines = text.split('\r\n');
  const value = (prefix: string): string =>
    lines.find((line) => line.startsWith(prefix))?.slice(prefix.length) ?? '';
  const directions = lines.filter((line) => /^a=(sendrecv|sendonly|recvonly|inactive)$/.test(line));
  return {
    address: value('c=IN IP4 '),
    port: Number(value('m=audio ').split(' ')[0]),
    direction: directions.at(-1)?.slice(2) ?? 'sendrecv',
    payloads: lines.filter((line) => line.startsWith('a=rtpmap:')).map((line) => line.slice(9)),
    version: Number(value('o=').split(' ')[2]),
  };
}
