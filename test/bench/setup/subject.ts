import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { YOUNG_OPTION } from '../../../src/shared/young-heap.ts';
import { pin } from './load.ts';

/** CPU since the start, ms. */
export interface Cpu {
  readonly process: number;
  readonly main: number;
  readonly media: number;
}

const PATIENCE_MS = 30_000;
const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** The gateway as it is run: `msgw run` with one media worker, its log in a file, all of its threads on the first core. */
export class Subject {
  readonly webhookUrl: string;
  readonly #child: ChildProcess;
  readonly #adminUrl: string;
  readonly #folder: string;

  private constructor(child: ChildProcess, folder: string, webhookUrl: string, adminUrl: string) {
    this.#child = child;
    this.#folder = folder;
    this.webhookUrl = webhookUrl;
    this.#adminUrl = adminUrl;
  }

  /** @param nodeOptions such as `--cpu-prof` */
  static async start(
    peers: { readonly graphUrl: string; readonly phonePort: number },
    nodeOptions: readonly string[] = [],
  ): Promise<Subject> {
    const folder = mkdtempSync(join(tmpdir(), 'msgw-setup-'));
    const config = join(folder, 'gateway.yaml');
    writeFileSync(config, configOf(peers));
    const log = join(folder, 'log');
    const file = openSync(log, 'w');
    const program = new URL('../../../src/cli/msgw.ts', import.meta.url).pathname;
    const child = spawn(
      process.execPath,
      [YOUNG_OPTION, ...nodeOptions, program, 'run', '--config', config],
      {
        stdio: ['ignore', 'ignore', file],
        env: {
          ...process.env,
          APP_SECRET: 'bench-app-secret',
          VERIFY_TOKEN: 'bench-verify-token',
          PAGE_TOKEN: 'bench-page-token',
        },
      },
    );
    closeSync(file);
    const line = await startedLine(child, log);
    pin(child.pid, 0);
    return new Subject(child, folder, line.webhook, line.admin);
  }

  async cpu(): Promise<Cpu> {
    const text = await (await fetch(`${this.#adminUrl}/metrics`)).text();
    const media = /^msgw_media_worker_cpu_seconds_total\{worker="0"\} (\S+)$/m.exec(text)?.[1];
    const { pid } = this.#child;
    return {
      process: cpuMsOf(`/proc/${pid}/stat`),
      main: cpuMsOf(`/proc/${pid}/task/${pid}/stat`),
      media: Number(media) * 1000,
    };
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await exited;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function startedLine(child: ChildProcess, log: string): Promise<{ webhook: string; admin: string }> {
  for (const until = performance.now() + PATIENCE_MS; performance.now() < until; await sleep(50)) {
    const text = readFileSync(log, 'utf8');
    const line = text.split('\n').find((each) => each.includes('"gateway.started"'));
    if (line) return JSON.parse(line) as { webhook: string; admin: string };
    if (child.exitCode !== null) throw new Error(`the gateway did not start:\n${text}`);
  }
  child.kill('SIGKILL');
  throw new Error('the gateway did not start in time');
}

function configOf({ graphUrl, phonePort }: { graphUrl: string; phonePort: number }): string {
  const loopback = { address: '127.0.0.1', port: 0 };
  return JSON.stringify({
    meta: {
      graphUrl,
      apps: [{ id: 'app', secret: '${APP_SECRET}', verifyToken: '${VERIFY_TOKEN}' }],
      pages: [{ id: '102030405060708', accessToken: '${PAGE_TOKEN}', app: 'app', route: 'desk' }],
    },
    http: { listen: loopback },
    admin: { listen: loopback },
    webrtc: { bindAddress: '127.0.0.1', portMin: 1024, portMax: 65_535 },
    rtp: { address: '127.0.0.1', portMin: 0, portMax: 0 },
    sip: { listen: [{ protocol: 'udp', ...loopback }] },
    trunks: { phone: { host: '127.0.0.1', port: phonePort, codecs: ['PCMU'] } },
    routes: { desk: { targets: [{ trunk: 'phone', user: '100' }] } },
    media: { workers: 1 },
    limits: { maxCalls: 10_000, setupsPerSecond: 1_000 },
  });
}

/** utime and stime, the 14th and 15th field of proc(5), after the name, which may hold spaces. */
function cpuMsOf(file: string): number {
  const text = readFileSync(file, 'latin1');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}
