import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answerOf, diagnose } from '../../../../src/cli/doctor/doctor.ts';
import { answerHandshake, CALLING_FIELDS, verifySignature } from '../../../../src/meta/index.ts';
import { MetaSimulator } from '../../../../src/sim/index.ts';
import { freeTcpPort, freeUdpPort } from '../../../support/ports.ts';
import { Pbx } from './pbx.ts';
import { StunServer } from './stun-server.ts';

export const PAGE = '102030405060708';
export const APP = '1234567890';
/** None of these may be in what the doctor says. */
export const SECRETS = {
  token: 'doctor-page-token',
  secret: 'doctor-app-secret',
  verify: 'doctor-verify-token',
};
const ENTRY = new URL('../../../../src/cli/msgw.ts', import.meta.url).pathname;

export interface Diagnosis {
  readonly check: string;
  readonly status: 'ok' | 'warn' | 'fail' | 'skipped';
  readonly about?: string;
  readonly message: string;
  readonly remedy?: string;
}

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly checks: readonly Diagnosis[];
}

/** What seeds change; the rest is as it comes. */
export interface WorldConfig {
  meta: {
    graphUrl: string;
    apps: object[];
    pages: object[];
    numbers?: object[];
    sendAppSecretProof?: boolean;
  };
  http: { listen: { address: string; port: number } };
  admin: { listen: object; tls?: object };
  webrtc: { bindAddress: string; portMin: number; portMax: number; externalAddress?: string };
  rtp: { address: string; portMin: number; portMax: number };
  sip: {
    listen?: { protocol: string; address: string; port: number; tls?: object }[];
    server?: object;
    registrar?: object;
    allow?: string[];
  };
  trunks: Record<string, Record<string, unknown>>;
  routes: { desk: { targets: object[] } };
  limits: { maxCalls: number };
  records: { path: string };
  journal: { path: string };
  outbound?: object;
  media?: object;
}

/** Meta, its webhook URL, a STUN server and a PBX, and the configuration of a gateway among them: all of it is right. */
export class DoctorWorld {
  readonly folder = mkdtempSync(join(tmpdir(), 'msgw-doctor-'));
  readonly simulator: MetaSimulator;
  readonly stun: StunServer;
  readonly pbx: Pbx;
  /** What the webhook URL does. */
  readonly webhook = { verifyToken: SECRETS.verify, checksSignatures: true };
  /** What the file will say; seeds change it as they like. */
  readonly config: WorldConfig;
  /** More arguments. */
  readonly args: string[] = [];
  /** What goes before the command. */
  launcher: readonly string[] = [];
  readonly #server: Server;
  readonly #closers: (() => Promise<void> | void)[] = [];

  static async start(): Promise<DoctorWorld> {
    const simulator = await MetaSimulator.start({
      pageId: PAGE,
      accessToken: SECRETS.token,
      appSecret: SECRETS.secret,
      requireAppSecretProof: true,
      appId: APP,
    });
    const [stun, pbx] = await Promise.all([StunServer.start(), Pbx.start()]);
    const ports = { http: await freeTcpPort(), admin: await freeTcpPort(), sip: await freeUdpPort() };
    const world = new DoctorWorld(simulator, stun, pbx, ports);
    await new Promise<void>((resolve) => world.#server.listen(0, '127.0.0.1', () => resolve()));
    simulator.page.appSubscription = { callbackUrl: world.webhookUrl, fields: [...CALLING_FIELDS] };
    return world;
  }

  private constructor(
    simulator: MetaSimulator,
    stun: StunServer,
    pbx: Pbx,
    ports: { readonly http: number; readonly admin: number; readonly sip: number },
  ) {
    this.simulator = simulator;
    this.stun = stun;
    this.pbx = pbx;
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const [status, text] = this.#answer(request.method ?? '', request.url ?? '', request.headers, chunks);
        response.writeHead(status).end(text);
      });
    });
    mkdirSync(join(this.folder, 'data'));
    this.config = {
      meta: {
        graphUrl: simulator.graphUrl,
        apps: [{ id: APP, secret: this.secret('secret'), verifyToken: this.secret('verify') }],
        pages: [{ id: PAGE, accessToken: this.secret('token'), app: APP, route: 'desk' }],
      },
      http: { listen: { address: '127.0.0.1', port: ports.http } },
      admin: { listen: { address: '127.0.0.1', port: ports.admin } },
      // None that the system, or support/ports.ts, gives to others.
      webrtc: { bindAddress: '127.0.0.1', portMin: 9_000, portMax: 9_999 },
      rtp: { address: '127.0.0.1', portMin: 10_000, portMax: 11_999 },
      sip: { listen: [{ protocol: 'udp', address: '127.0.0.1', port: ports.sip }] },
      trunks: { pbx: { host: '127.0.0.1', port: pbx.port, user: '100' } },
      routes: { desk: { targets: [{ trunk: 'pbx' }] } },
      limits: { maxCalls: 10 },
      records: { path: join(this.folder, 'data', 'calls.jsonl') },
      journal: { path: join(this.folder, 'data', 'journal.jsonl') },
    };
  }

  get webhookUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/webhook`;
  }

  get configFile(): string {
    return join(this.folder, 'gateway.yaml');
  }

  /** Writes a file; returns its path. */
  file(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }

  /** Ends with the world. */
  owns<T extends { close(): Promise<void> | void }>(thing: T): T {
    this.#closers.push(() => thing.close());
    return thing;
  }

  secret(name: keyof typeof SECRETS, value = SECRETS[name]): string {
    return `file:${this.file(name, value)}`;
  }

  writeConfig(): void {
    this.file('gateway.yaml', JSON.stringify(this.config));
  }

  /** `msgw doctor --json` in a process of its own. */
  async doctor(...more: readonly string[]): Promise<Said> {
    this.writeConfig();
    const said = await this.run(
      'doctor',
      '--config',
      this.configFile,
      '--stun',
      this.stun.place,
      '--json',
      ...this.args,
      ...more,
    );
    const { checks } = JSON.parse(said.out) as { readonly checks: readonly Diagnosis[] };
    return { ...said, checks };
  }

  /** The same in this process. */
  async doctorHere(): Promise<Said> {
    this.writeConfig();
    const [, webhookUrl] = this.args;
    const checks = await diagnose({
      config: this.configFile,
      stun: this.stun.place,
      ...(webhookUrl === undefined ? {} : { webhookUrl }),
    });
    const { exitCode, json, lines } = answerOf(checks);
    return { code: exitCode, out: JSON.stringify(json), err: lines.join('\n'), checks };
  }

  async run(...args: readonly string[]): Promise<Omit<Said, 'checks'>> {
    const [command = '', ...rest] = [...this.launcher, process.execPath, ENTRY, ...args];
    const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    const lines = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      lines.out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      lines.err += text;
    });
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (found) => resolve(found ?? -1));
    });
    return { code, ...lines };
  }

  /** Nobody listens at the webhook URL any more. */
  async stopWebhook(): Promise<void> {
    this.#server.closeAllConnections();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  async close(): Promise<void> {
    for (const close of this.#closers.toReversed()) await close();
    await this.stopWebhook();
    await Promise.all([this.simulator.close(), this.stun.close(), this.pbx.close()]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** As the gateway does, by its own functions. */
  #answer(
    method: string,
    url: string,
    headers: Readonly<Record<string, string | string[] | undefined>>,
    chunks: readonly Buffer[],
  ): [number, string] {
    if (method === 'POST') {
      const signature = headers['x-hub-signature-256'];
      const isSigned =
        typeof signature === 'string' && verifySignature(Buffer.concat(chunks), signature, [SECRETS.secret]);
      return isSigned || !this.webhook.checksSignatures ? [200, 'ok'] : [401, 'bad signature'];
    }
    const query = Object.fromEntries(new URL(url, 'http://x').searchParams);
    const challenge = answerHandshake(query, [this.webhook.verifyToken]);
    return challenge === undefined ? [403, 'forbidden'] : [200, challenge];
  }
}
