import { mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeskPhone, MetaSimulator, type NewCall, type WhenCalled } from '../../src/sim/index.ts';
import { type SipServer, startSipServer } from '../../src/sip-server/index.ts';
import type { Random } from '../fuzz/random.ts';
import { freeUdpPort } from '../support/ports.ts';
import { GatewayChild, SECRETS } from './gateway-child.ts';
import { Line } from './line.ts';
import { MsgwChild } from './msgw-child.ts';
import { OddPhone } from './odd-phone.ts';
import { PAGE, RECORDINGS, type SiteConfig, siteConfig } from './site-config.ts';
import { type Plan, planOf, Trial } from './trial.ts';
import { within } from './wait.ts';

export const CONSUMER_HZ = 440;
export const PHONE_HZ = 620;
const PROOF_PATIENCE_MS = 15_000;

/** What is special of one call. */
export interface Special {
  readonly psid?: string;
  readonly mediaFault?: NewCall['mediaFault'];
  readonly whenCalled?: WhenCalled;
}

export interface SiteOptions {
  /** `apart`: the SIP server is a process of its own (this one), as a drachtio-server is. Default embedded. */
  readonly sip?: 'embedded' | 'apart';
  /** Where journal and records are; default: beside the log. */
  readonly dataFolder?: string;
  /** Graph may take its time, odd phones ring, all calls are recorded: a call can be held in any state. Default false. */
  readonly staged?: boolean;
  readonly nodeArgs?: readonly string[];
  readonly configure?: (yaml: Record<string, unknown>) => void;
}

/** A gateway's process with everything around it: Meta with its consumers, a desk phone, lines that can be cut. */
export class Site {
  readonly simulator: MetaSimulator;
  readonly phone: DeskPhone;
  /** Between the gateway and Graph. */
  readonly graph: Line;
  /** Between the gateway and a SIP server apart. */
  readonly control: Line | undefined;
  readonly odd: OddPhone;
  readonly folder: string;
  readonly dataFolder: string;
  readonly #server: SipServer | undefined;
  readonly #config: SiteConfig;
  readonly #sipPort: number;
  readonly #nodeArgs: readonly string[];
  readonly #trials = new Map<string, Trial>();
  #gateway: GatewayChild | undefined;
  #nextPsid = 7_000_000_000;
  #isOpen = true;

  static async open(options: SiteOptions = {}): Promise<Site> {
    const folder = mkdtempSync(join(tmpdir(), 'msgw-chaos-'));
    const dataFolder = options.dataFolder ?? join(folder, 'data');
    mkdirSync(join(dataFolder, RECORDINGS), { recursive: true });
    const simulator = await MetaSimulator.start({
      pageId: PAGE,
      accessToken: SECRETS.PAGE_TOKEN,
      appSecret: SECRETS.APP_SECRET,
      appId: 'app',
      relayAddress: '127.0.0.1',
      // Sooner than Meta, so that a run does not wait for what the gateway was not there to take.
      webhookRetriesMs: [0, 500, 1_000, 2_000, 4_000],
    });
    const phone = await DeskPhone.start({ codecs: ['PCMU'], toneHz: PHONE_HZ, behaviour: 'never' });
    const odd = await OddPhone.start();
    const graph = await Line.open(Number(new URL(simulator.graphUrl).port));
    const sipPort = await freeUdpPort();
    const listen = [{ protocol: 'udp', address: '127.0.0.1', port: sipPort }] as const;
    const server =
      options.sip === 'apart' ? await startSipServer({ secret: SECRETS.SIP_SECRET, listen }) : undefined;
    const control = server && (await Line.open(server.control.port));
    const yaml = await siteConfig({
      ...{ graph, phone, control, dataFolder, sipPort },
      ...(options.staged ? { odd } : {}),
    });
    options.configure?.(yaml);
    const nodeArgs = options.nodeArgs ?? [];
    const site = new Site({
      simulator,
      phone,
      odd,
      graph,
      control,
      server,
      folder,
      dataFolder,
      yaml,
      sipPort,
      nodeArgs,
    });
    await site.start();
    return site;
  }

  private constructor(of: {
    readonly simulator: MetaSimulator;
    readonly phone: DeskPhone;
    readonly odd: OddPhone;
    readonly graph: Line;
    readonly control: Line | undefined;
    readonly server: SipServer | undefined;
    readonly folder: string;
    readonly dataFolder: string;
    readonly yaml: SiteConfig;
    readonly sipPort: number;
    readonly nodeArgs: readonly string[];
  }) {
    this.simulator = of.simulator;
    this.phone = of.phone;
    this.odd = of.odd;
    this.graph = of.graph;
    this.control = of.control;
    this.#server = of.server;
    this.folder = of.folder;
    this.dataFolder = of.dataFolder;
    this.#config = of.yaml;
    this.#sipPort = of.sipPort;
    this.#nodeArgs = of.nodeArgs;
    void this.#watchPhone();
    const { simulator } = this;
    const place = simulator.place.bind(simulator);
    simulator.place = (psid, opaque) => {
      const call = place(psid, opaque);
      this.#trials.get(psid)?.consumer(call);
      return call;
    };
  }

  get gateway(): GatewayChild {
    if (!this.#gateway) throw new Error('no gateway was started');
    return this.#gateway;
  }

  /**
   * A gateway's process on the files of the one before. One that gave up because this machine was too busy to start its
   * thread is started once more, as a service manager would.
   */
  async start(): Promise<void> {
    const start = (): Promise<GatewayChild> => GatewayChild.start(this.folder, this.#config, this.#nodeArgs);
    this.#gateway = await start().catch((error: unknown) => {
      if (!String(error).includes('GATEWAY_MEDIA_WORKER_START')) throw error;
      process.stderr.write('  started once more: no thread came up in time\n');
      return start();
    });
    const { webhookUrl } = this.#gateway;
    // Deliveries that are being tried again go on: the address stays.
    if (!this.#isSubscribed) this.simulator.setWebhookUrl(webhookUrl);
    this.#isSubscribed = true;
  }

  #isSubscribed = false;

  /** `msgw run` in place of our own program, on the same configuration and files. */
  msgw(): MsgwChild {
    const { listen } = this.#config.admin;
    return new MsgwChild(this.folder, this.#config, `http://${listen.address}:${listen.port}`);
  }

  /** Calls of both ways, begun within so many milliseconds. */
  crowd(random: Random, calls: number, withinMs: number): Trial[] {
    return Array.from({ length: calls }, () => this.trial(planOf(random, withinMs)));
  }

  /** One call, which begins when its plan says so. */
  trial(plan: Plan, special: Special = {}): Trial {
    const psid = special.psid ?? String(this.#nextPsid++);
    const trial = new Trial(psid, plan);
    this.#trials.set(psid, trial);
    const begin =
      plan.way === 'in' ? () => this.#call(trial, special) : () => void this.#dial(trial, special);
    trial.begin(begin);
    return trial;
  }

  forget(trial: Trial): void {
    trial.close();
    this.#trials.delete(trial.psid);
    for (const call of trial.rung) this.phone.forget(call);
    if (trial.dialed) this.phone.forget(trial.dialed);
  }

  /** A call that must come off, both ways heard by their pitch; what was wrong with it. */
  async proof(): Promise<string[]> {
    if (!(await within(PROOF_PATIENCE_MS, () => this.gateway.isReady(), 50)))
      return ['it is not ready again'];
    const plan: Plan = { way: 'in', startMs: 0, callee: 'answers', calleeMs: 0, ends: undefined, endsMs: 0 };
    const trial = this.trial(plan);
    const wrong = await this.#prove(trial);
    trial.letGo();
    if (!(await within(PROOF_PATIENCE_MS, () => trial.isOver)))
      wrong.push(`did not end: ${trial.describe()}`);
    this.forget(trial);
    return wrong.map((each) => `the call after it all: ${each}`);
  }

  async #prove(trial: Trial): Promise<string[]> {
    await within(1_000, () => trial.consumers.length > 0);
    const [consumer] = trial.consumers;
    if (!consumer) return ['it could not be begun'];
    if (!(await within(PROOF_PATIENCE_MS, () => trial.rung.length > 0 || trial.isOver)) || !trial.rung[0])
      return [`it did not ring: ${trial.describe()}`];
    const [phone] = trial.rung;
    const hear = (): string[] => heardWrong(consumer.heard().heardHz, phone.heard().heardHz);
    // A second of audio is looked through each time.
    await within(PROOF_PATIENCE_MS, () => hear().length === 0 || trial.isOver, 250);
    return hear();
  }

  get recordsBytes(): number {
    return sizeOf(join(this.dataFolder, 'records'));
  }

  /** Records behind that place of the file. */
  records(from: number): Record<string, unknown>[] {
    return linesOf(join(this.dataFolder, 'records'), from).flatMap((line) => {
      try {
        return [JSON.parse(line) as Record<string, unknown>];
      } catch {
        return [];
      }
    });
  }

  /** Recordings that nobody finished. */
  get halfRecordings(): string[] {
    return readdirSync(join(this.dataFolder, RECORDINGS)).filter((name) => name.endsWith('.part'));
  }

  get logBytes(): number {
    return sizeOf(join(this.folder, 'log'));
  }

  /** What the gateway says of bugs of its own behind that place of its log. */
  bugs(from: number): string[] {
    return linesOf(join(this.folder, 'log'), from).filter((line) =>
      /"msg":"([a-z_]+\.bug|sip\.handler-threw)"/.test(line),
    );
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    for (const trial of this.#trials.values()) trial.close();
    this.graph.become('through');
    await this.#gateway?.stop();
    await this.control?.close();
    await this.#server?.close();
    await this.graph.close();
    await this.phone.close();
    this.odd.close();
    await this.simulator.close();
  }

  #call(trial: Trial, { mediaFault }: Special): void {
    const consumer = this.simulator.consumer({ psid: trial.psid, name: 'Amina Otieno' });
    trial.consumer(consumer.call({ toneHz: CONSUMER_HZ, ...(mediaFault ? { mediaFault } : {}) }));
  }

  async #dial(trial: Trial, special: Special): Promise<void> {
    const { callee, calleeMs } = trial.plan;
    const does = callee === 'answers' ? 'answer' : callee === 'refuses' ? 'decline' : 'ignore';
    const whenCalled = special.whenCalled ?? { does, afterMs: calleeMs };
    this.simulator.consumer({ psid: trial.psid, name: 'Amina Otieno', permission: true, whenCalled });
    trial.dial(await this.phone.dial({ number: trial.psid, host: '127.0.0.1', port: this.#sipPort }));
  }

  async #watchPhone(): Promise<void> {
    while (this.#isOpen) {
      const call = await this.phone.nextCall();
      const psid = call.header('x-meta-psid') ?? call.callerUser;
      const trial = this.#trials.get(psid);
      if (trial) trial.phone(call);
      else this.strays.push(psid);
    }
  }

  /** Who rang although nobody here calls (any more). */
  readonly strays: string[] = [];
}

/** What two ends should have heard of each other, Hz. */
export function heardWrong(byConsumer: number, byPhone: number): string[] {
  const wrong = (who: string, heard: number, wanted: number): string[] =>
    Math.abs(heard / wanted - 1) < 0.04 ? [] : [`${who} heard ${heard} Hz, not ${wanted}`];
  return [...wrong('the consumer', byConsumer, PHONE_HZ), ...wrong('the phone', byPhone, CONSUMER_HZ)];
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function linesOf(path: string, from: number): string[] {
  if (sizeOf(path) <= from) return [];
  return readFileSync(path).subarray(from).toString('utf8').split('\n').filter(Boolean);
}
