import { join } from 'node:path';
import { freeTcpPort } from '../support/ports.ts';

export const PAGE = '102030405060708';
/** In the folder of data. */
export const RECORDINGS = 'recordings';
/** Whose calls ring the odd phone, and how that takes them. */
export const ODD_CALLERS = { mute: '6000000001', early: '6000000002' } as const;
/** Graph is waited for so long where calls are held on purpose, ms: longer than anything is held back there. */
const GRAPH_PATIENCE_MS = 15_000;

/** As the file of the gateway's configuration has it. */
export interface SiteConfig extends Record<string, unknown> {
  readonly admin: { readonly listen: { readonly address: string; readonly port: number } };
}

interface Around {
  readonly graph: { readonly port: number };
  readonly phone: { readonly host: string; readonly port: number };
  /** Of a SIP server apart. */
  readonly control: { readonly port: number } | undefined;
  /** Graph may take its time, this phone rings, too, and all calls are recorded: a call can be held in any state. */
  readonly odd?: { readonly port: number };
  readonly dataFolder: string;
  readonly sipPort: number;
}

/** A gateway between these, on ports that are free now. */
export async function siteConfig(around: Around): Promise<SiteConfig> {
  const { graph, phone, control, odd, dataFolder, sipPort } = around;
  const local = async (): Promise<{ address: string; port: number }> => ({
    address: '127.0.0.1',
    port: await freeTcpPort(),
  });
  const yaml = {
    meta: {
      // By name, so that there is something to be looked up.
      graphUrl: `http://localhost:${graph.port}`,
      apps: [{ id: 'app', secret: '${APP_SECRET}', verifyToken: '${VERIFY_TOKEN}' }],
      pages: [{ id: PAGE, accessToken: '${PAGE_TOKEN}', app: 'app', route: 'desk' }],
      acceptTimeoutMs: 2_500,
      endTimeoutMs: 1_500,
      permissionTimeoutMs: 1_500,
      metrics: { path: join(dataFolder, 'metrics') },
    },
    http: { listen: await local() },
    admin: { listen: await local(), requestsPerSecond: 1_000 },
    webrtc: { bindAddress: '127.0.0.1', portMin: 1_024, portMax: 65_535 },
    rtp: { address: '127.0.0.1', portMin: 0, portMax: 0 },
    sip: control
      ? { server: { host: '127.0.0.1', port: control.port, secret: '${SIP_SECRET}' } }
      : { listen: [{ protocol: 'udp', address: '127.0.0.1', port: sipPort }] },
    trunks: { phone: { host: phone.host, port: phone.port, codecs: ['PCMU'] } },
    routes: { desk: { targets: [{ trunk: 'phone', user: '100' }] } },
    outbound: { rules: [{ trunk: 'phone', page: PAGE }] },
    media: { workers: 1, opusComplexity: 0 },
    // A machine that is busy with other things is no reason to turn a call away here.
    limits: { maxLoopDelayMs: 5_000, maxWorkerLoadPercent: 100 },
    journal: { path: join(dataFolder, 'journal') },
    records: { path: join(dataFolder, 'records') },
  };
  return odd ? staged(yaml, odd.port, join(dataFolder, RECORDINGS)) : yaml;
}

function staged<T extends SiteConfig & { readonly meta: object; readonly trunks: object }>(
  yaml: T,
  oddPort: number,
  directory: string,
): SiteConfig {
  const kinds = ['mute', 'early'] as const;
  const ring = (user: string): object => ({ targets: [{ trunk: 'odd', user }] });
  return {
    ...yaml,
    meta: {
      ...yaml.meta,
      acceptTimeoutMs: GRAPH_PATIENCE_MS,
      endTimeoutMs: GRAPH_PATIENCE_MS,
      permissionTimeoutMs: 10_000,
      profileTimeoutMs: 5_000,
    },
    trunks: { ...yaml.trunks, odd: { host: '127.0.0.1', port: oddPort, codecs: ['PCMU'] } },
    routes: {
      desk: { targets: [{ trunk: 'phone', user: '100' }], recording: 'always' },
      mute: ring('mute'),
      early: { ...ring('early'), earlyMedia: 'accept' },
    },
    routing: {
      rules: kinds.map((route) => ({ when: { caller: { psids: [ODD_CALLERS[route]] } }, route })),
    },
    recording: { directory, format: 'wav', consentToneMs: 0 },
  };
}
