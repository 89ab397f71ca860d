import { Type } from 'typebox';
import { choice, host, port, secret, strict, text, whole } from './schema-kinds.ts';

export const trace = Type.Object(
  {
    calls: whole('Calls that are over whose trace is kept in memory.', 0, 10_000, 100),
    bytesPerCall: whole(
      'Memory of the trace of one call, bytes; where it is not enough, the beginning and the newest are kept. A short call takes about 25,000, and 20,000 more for each minute.',
      16_384,
      16_777_216,
      131_072,
    ),
    addresses: choice(
      ['shown', 'masked'] as const,
      'Whether traces show IP addresses, or only the network they are of. HEP and captures always have them.',
      { default: 'shown' },
    ),
    directory: Type.Optional(
      text(
        'Folder for the traces of calls that are over, one file a call (JSON lines); default: none is written.',
      ),
    ),
    keepFiles: whole('Files that are kept there; the oldest are removed.', 1, 1_000_000, 1_000),
  },
  {
    ...strict,
    default: {},
    reload: 'live',
    description:
      'What happened in each call, for `msgw trace`: webhooks, Graph, ICE, DTLS, SIP, quality. No tokens and keys; names and ids of persons only at log.level debug. SIP messages are in it with the embedded server; with a drachtio-server it has what they meant.',
  },
);

export const capture = Type.Object(
  {
    payload: choice(
      ['none', 'clear'] as const,
      '`clear`: `msgw pcap --payload` may write what is said, decrypted. Whether the law lets you is for you to know.',
      { default: 'none' },
    ),
    maxSeconds: whole('Longest capture, s.', 1, 3_600, 60),
    maxBytes: whole(
      'Memory for the packets of one capture, bytes; further packets are left out. Headers alone take about 35,000 a second.',
      65_536,
      268_435_456,
      4_194_304,
    ),
  },
  {
    ...strict,
    default: {},
    reload: 'live',
    description: 'Packets of a call as a pcapng file, by `msgw pcap`.',
  },
);

export const observe = Type.Object(
  {
    hep: Type.Optional(
      Type.Object(
        {
          host: host('Name or address of the HEP server (Homer, heplify-server).'),
          port: port('Its port.', 9_060),
          transport: choice(['udp', 'tcp'] as const, 'How it is reached. It is not encrypted.', {
            default: 'udp',
          }),
          captureId: whole('Id by which the server tells us from other agents.', 0, 4_294_967_295, 2_001),
          password: Type.Optional(secret('What agents authenticate with, where the server wants it.')),
        },
        {
          ...strict,
          description:
            'SIP and a summary of RTCP every 5 s, as HEP version 3, each under the id of its call. Without credentials and keys; what is sent while nobody listens is lost.',
        },
      ),
    ),
  },
  { ...strict, default: {}, reload: 'live', description: 'Where else to tell of calls.' },
);
