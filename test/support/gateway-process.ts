import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { YOUNG_OPTION } from '../../src/shared/young-heap.ts';
import { type Pause, pauseOf } from '../bench/calls/gc-pauses.ts';
import { PeerProcess, peerFolder } from './peer-process.ts';
import { freeTcpPort, freeUdpPort } from './ports.ts';

const ENTRY = new URL('../../src/cli/msgw.ts', import.meta.url).pathname;
const SECRETS = {
  APP_SECRET: 'test-app-secret',
  VERIFY_TOKEN: 'test-verify-token',
  PAGE_TOKEN: 'test-page-token',
};
export const PAGE = '102030405060708';
export const APP_SECRET = SECRETS.APP_SECRET;
export const PAGE_TOKEN = SECRETS.PAGE_TOKEN;

export interface GatewayProcessOptions {
  readonly graphUrl: string;
  readonly phone: { readonly host: string; readonly port: number };
  readonly codec: 'opus' | 'PCMU';
  readonly priority?: 'auto' | 'normal' | 'realtime';
  readonly opusComplexity: number;
  readonly maxCalls: number;
  /** What goes before the command, such as `taskset -c 0`. */
  readonly launcher: readonly string[];
  /** More arguments for Node, such as --cpu-prof. */
  readonly nodeArgs?: readonly string[];
  /** keys of the configuration beside these, such as media. */
  readonly configure?: (yaml: Record<string, unknown>) => void;
  /** Environment beside, or in place of, the secrets that every such gateway has. */
  readonly env?: Readonly<Record<string, string>>;
}

/** `msgw run` in a process of its own, with its embedded SIP server; its garbage collector reports to us. */
export class GatewayProcess {
  readonly #process: PeerProcess;
  readonly webhookUrl: string;
  /** Of its embedded SIP server, unless `configure` says otherwise. */
  readonly sipPort: number;
  readonly adminUrl: string;
  /** JSON, which is YAML. */
  readonly configFile: string;

  /** Resolves when it is ready. Rejects with what it printed when it ends before. */
  static async start(options: GatewayProcessOptions): Promise<GatewayProcess> {
    const folder = peerFolder('gateway');
    const ports = { http: await freeTcpPort(), admin: await freeTcpPort(), sip: await freeUdpPort() };
    const file = join(folder, 'gateway.json');
    writeFileSync(file, JSON.stringify(configOf(options, ports)));
    const [command = '', ...args] = [
      ...options.launcher,
      process.execPath,
      // As docker/ starts it.
      YOUNG_OPTION,
      '--trace-gc',
      ...(options.nodeArgs ?? []),
      ENTRY,
      'run',
      '--config',
      file,
    ];
    const gateway = new GatewayProcess(
      new PeerProcess(command, args, folder, { ...SECRETS, ...options.env }),
      ports,
      file,
    );
    await gateway.#ready();
    return gateway;
  }

  private constructor(
    child: PeerProcess,
    { http, admin, sip }: { readonly http: number; readonly admin: number; readonly sip: number },
    file: string,
  ) {
    this.configFile = file;
    this.sipPort = sip;
    this.#process = child;
    this.webhookUrl = `http://127.0.0.1:${http}/webhook`;
    this.adminUrl = `http://127.0.0.1:${admin}`;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** All that it wrote to standard output and standard error. */
  get output(): string {
    return `${this.#process.lines.join('\n')}\n${this.#process.tail()}`;
  }

  /**
   * The end of its log, the last line first, without what the collector said: that is most of it. Warnings and errors go
   * before the records of calls, which end by the hundred where something went wrong.
   */
  lastWords(): string {
    const said = new Set(
      this.output.split('\n').filter((line) => line !== '' && pauseOf(line) === undefined),
    );
    const newest = [...said].toReversed();
    const isRecord = (line: string): boolean => line.startsWith('{"v":');
    return [
      ...newest.filter((line) => !isRecord(line)).slice(0, 20),
      ...newest.filter(isRecord).slice(0, 5),
    ].join('\n');
  }

  /** Pauses that the collectors of all its threads made since the last time this was asked for. */
  takePauses(): Pause[] {
    return this.#process.lines.splice(0).flatMap((line) => pauseOf(line) ?? []);
  }

  /** SIGTERM: calls are ended on both sides. */
  async stop(): Promise<void> {
    await this.#process.close('SIGTERM');
  }

  /** As a crash would. */
  kill(): Promise<void> {
    return this.#process.close('SIGKILL');
  }

  async #ready(): Promise<void> {
    while (!this.#process.ended) {
      const answer = await fetch(`${this.adminUrl}/health/ready`).catch(() => undefined);
      if (answer?.ok) return;
      await sleep(20);
    }
    const code = await this.#process.exit;
    throw new Error(`the gateway ended at its start (${code ?? 'by a signal'})\n${this.lastWords()}`);
  }
}

function configOf(
  { graphUrl, phone, codec, opusComplexity, priority, maxCalls, configure }: GatewayProcessOptions,
  ports: { readonly http: number; readonly admin: number; readonly sip: number },
): object {
  const yaml: Record<string, unknown> = {
    meta: {
      graphUrl,
      apps: [{ id: 'app', secret: '${APP_SECRET}', verifyToken: '${VERIFY_TOKEN}' }],
      pages: [{ id: PAGE, accessToken: '${PAGE_TOKEN}', app: 'app', route: 'desk' }],
    },
    http: { listen: { address: '127.0.0.1', port: ports.http } },
    admin: { listen: { address: '127.0.0.1', port: ports.admin } },
    webrtc: { bindAddress: '127.0.0.1', portMin: 1_024, portMax: 65_535 },
    rtp: { address: '127.0.0.1', portMin: 0, portMax: 0 },
    sip: { listen: [{ protocol: 'udp', address: '127.0.0.1', port: ports.sip }] },
    trunks: { phone: { ...phone, codecs: [codec] } },
    routes: { desk: { targets: [{ trunk: 'phone', user: '100' }] } },
    // With one core alone, as benchmarks give it, auto is normal.
    media: { opusComplexity, ...(priority === undefined ? {} : { priority }) },
    limits: { maxCalls },
    log: { level: 'warn' },
  };
  configure?.(yaml);
  return yaml;
}
