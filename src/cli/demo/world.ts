import { readFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import { type LoadedConfig, parseConfig } from '../../config/index.ts';
import { Gateway, type LadderStep, type ReloadReport } from '../../gateway/index.ts';
import { createLogger, type LogLevel, type RootLog } from '../../observe/index.ts';
import { systemClock } from '../../shared/clock.ts';
import { DeskPhone, type DeskPhoneOptions, MetaSimulator, type SimEvent } from '../../sim/index.ts';
import { packageVersion } from '../version.ts';
import { drachtioEnv, explained } from './drachtio-env.ts';

export interface WorldOptions {
  /** Default messenger. */
  readonly platform?: 'messenger' | 'whatsapp';
  /** Codecs that the gateway offers and the phone has. Default PCMU. */
  readonly codecs?: DeskPhoneOptions['codecs'];
  /** The simulated phones; none when a real one rings. Default one with the defaults. */
  readonly phones?: readonly Partial<DeskPhoneOptions>[];
  /** A real phone in place of the simulated ones. */
  readonly phone?: { readonly user: string; readonly host: string; readonly port: number };
  readonly phoneToneHz?: number;
  readonly logLevel?: LogLevel;
  readonly log?: RootLog;
  /** Changes to the configuration that this world makes for itself. */
  readonly configure?: (yaml: Record<string, unknown>) => void;
  /** Beside the secrets that every world has. */
  readonly env?: Readonly<Record<string, string>>;
  readonly onLadder?: (step: LadderStep) => void;
  readonly onSimEvent?: (event: SimEvent) => void;
  /** 127.0.0.1 reaches simulated phones only; a real phone needs an address of this machine. */
  readonly address?: string;
}

export const DEMO_PAGE = '102030405060708';
/** The phone_number_id of a demo of WhatsApp. */
export const DEMO_NUMBER = '550022001100';
export const PHONE_TONE_HZ = 620;

/** Whom the demo's calls are for. */
export const demoAccount = (platform: WorldOptions['platform']): string =>
  platform === 'whatsapp' ? DEMO_NUMBER : DEMO_PAGE;

/** Everything of a call on one machine: the simulator, the gateway with its SIP server, desk phones. */
export interface World {
  readonly simulator: MetaSimulator;
  readonly gateway: Gateway;
  readonly phones: readonly DeskPhone[];
  readonly records: readonly Record<string, unknown>[];
  /** Resolves with the next record that was not waited for yet. */
  nextRecord(): Promise<Record<string, unknown>>;
  /** Changes the configuration, and has the gateway take it up. */
  reload(configure: (yaml: Record<string, unknown>) => void): Promise<ReloadReport>;
  /** As the environment of the gateway's process would have it, for the next reload. */
  readonly env: Record<string, string>;
  close(): Promise<void>;
}

/** Starts it on loopback and free ports; what was started before a failure is closed again. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const codecs = options.codecs ?? ['PCMU'];
    const simulator = await MetaSimulator.start({
      platform: options.platform ?? 'messenger',
      pageId: demoAccount(options.platform),
      accessToken: 'demo-page-token',
      appSecret: 'demo-app-secret',
      appId: 'app',
      requireAppSecretProof: true,
      ...(options.onSimEvent ? { onEvent: options.onSimEvent } : {}),
    });
    closers.push(() => simulator.close());
    const phones: DeskPhone[] = [];
    for (const phone of options.phone ? [] : (options.phones ?? [{}])) {
      const started = await DeskPhone.start({
        codecs,
        toneHz: options.phoneToneHz ?? PHONE_TONE_HZ,
        ...(options.onSimEvent ? { onEvent: options.onSimEvent } : {}),
        ...phone,
      });
      phones.push(started);
      closers.push(() => started.close());
    }
    const targets = options.phone
      ? [options.phone]
      : phones.map(({ host, port }) => ({ user: '100', host, port }));
    const records: Record<string, unknown>[] = [];
    const waiting: ((record: Record<string, unknown>) => void)[] = [];
    let taken = 0;
    const yaml = yamlOf(simulator, targets, options);
    const env = { ...SECRETS, ...options.env };
    const loaded = loadedOf(yaml, env);
    if (!loaded.ok) throw new Error(`the demo's configuration is wrong: ${JSON.stringify(loaded.error)}`);
    const log = createLogger({ level: options.logLevel ?? 'silent' });
    const gateway = await Gateway.start({
      config: loaded.value,
      reloadConfig: () => loadedOf(yaml, env),
      version: packageVersion(),
      clock: systemClock,
      log: options.log ?? log,
      ...(options.log ? {} : { logLevel: log }),
      recordStream: new Writable({ write: (_chunk, _encoding, done) => done() }),
      onRecord: (record) => {
        records.push(record as Record<string, unknown>);
        const wake = waiting.shift();
        if (!wake) return;
        taken += 1;
        wake(record as Record<string, unknown>);
      },
      ...(options.onLadder ? { onLadder: options.onLadder } : {}),
    });
    closers.push(() => gateway.close());
    simulator.setWebhookUrl(gateway.webhookUrl);
    return {
      simulator,
      gateway,
      phones,
      records,
      nextRecord: () => {
        const record = records[taken];
        if (!record) return new Promise((resolve) => waiting.push(resolve));
        taken += 1;
        return Promise.resolve(record);
      },
      reload: (configure) => {
        configure(yaml);
        return gateway.reload();
      },
      env,
      close,
    };
  } catch (error) {
    await close();
    throw explained(error, drachtioEnv());
  }
}

const SECRETS = {
  APP_SECRET: 'demo-app-secret',
  VERIFY_TOKEN: 'demo-verify-token',
  PAGE_TOKEN: 'demo-page-token',
};

/** Made by the same door as every configuration: the checks run here too. */
const loadedOf = (yaml: object, env: Readonly<Record<string, string>>): LoadedConfig =>
  parseConfig(JSON.stringify(yaml), {
    env: { ...process.env, ...env },
    readFile: (path) => readFileSync(path, 'utf8'),
  });

function yamlOf(
  simulator: MetaSimulator,
  targets: readonly { readonly user: string; readonly host: string; readonly port: number }[],
  options: WorldOptions,
): Record<string, unknown> {
  const address = options.address ?? '127.0.0.1';
  const account = { accessToken: '${PAGE_TOKEN}', app: 'app', route: 'desk' };
  const yaml: Record<string, unknown> = {
    meta: {
      graphUrl: simulator.graphUrl,
      apps: [{ id: 'app', secret: '${APP_SECRET}', verifyToken: '${VERIFY_TOKEN}' }],
      ...(options.platform === 'whatsapp'
        ? { numbers: [{ id: DEMO_NUMBER, ...account }] }
        : { pages: [{ id: DEMO_PAGE, ...account }] }),
    },
    http: { listen: { address: '127.0.0.1', port: 0 } },
    // Nobody else is on this machine's port: whoever waits for something may ask often.
    admin: { listen: { address: '127.0.0.1', port: 0 }, requestsPerSecond: 1_000 },
    webrtc: { bindAddress: '127.0.0.1', portMin: 1024, portMax: 65535 },
    rtp: { address, portMin: 0, portMax: 0 },
    sip: {
      listen: [{ protocol: 'udp', address, port: 0 }],
      ...(options.phone ? { allow: ['0.0.0.0/0'] } : {}),
    },
    trunks: Object.fromEntries(
      targets.map(({ host, port }, i) => [
        `phone${i + 1}`,
        { host, port, codecs: options.codecs ?? ['PCMU'] },
      ]),
    ),
    routes: { desk: { targets: targets.map(({ user }, i) => ({ trunk: `phone${i + 1}`, user })) } },
    // One a core would be dozens for one call on a large machine, and each takes its time to start.
    media: { workers: 1 },
    // A demo of a hundred calls begins all of them at once, and both ends of them share the thread with the gateway.
    limits: { setupsPerSecond: 1_000, maxLoopDelayMs: 10_000 },
  };
  options.configure?.(yaml);
  const server = drachtioEnv();
  if (server)
    (yaml['sip'] as Record<string, unknown>)['server'] = { ...server, secret: '${DRACHTIO_SECRET}' };
  return yaml;
}
