import type { GatewayConfig } from '../../config/index.ts';
import type { AccountFact, Facts, Unknown, WebhookFact } from './facts.ts';
import { isUnknown } from './facts.ts';
import { probeAccounts } from './probes/accounts.ts';
import { ownCertificates } from './probes/certificates.ts';
import { probeFolder, writtenFolders } from './probes/disk.ts';
import { probeGraph } from './probes/graph.ts';
import { probeMachine } from './probes/machine.ts';
import { probeListener, probeRange, samplesOf, wantedListeners } from './probes/ports.ts';
import { reasonOf } from './probes/reason.ts';
import { probeRunning } from './probes/running.ts';
import { probeSipServer } from './probes/sip-server.ts';
import { askStun } from './probes/stun.ts';
import { probeTrunks } from './probes/trunks.ts';
import { probeWebhook } from './probes/webhook.ts';

export interface GatherOptions {
  readonly offline: boolean;
  /** `host[:port]`; false: nobody is asked; undefined: whom the configuration names. */
  readonly stun: string | false | undefined;
  /** In place of the one at Meta. */
  readonly webhookUrl: string | undefined;
  /** What cannot be had, and why. */
  readonly unknown?: Partial<Readonly<Record<keyof Facts, Unknown>>>;
}

/** Nobody waits longer for all of it, ms. */
export const DEADLINE_MS = 9_500;
/** Of one question, ms. */
const PATIENCE_MS = 4_000;

const OFFLINE: Unknown = { why: '--offline' };

/** Runs the probes that are wanted, side by side. Never rejects; what is late is unknown. */
export async function gather(
  config: GatewayConfig,
  wanted: ReadonlySet<keyof Facts>,
  options: GatherOptions,
): Promise<Facts> {
  const outside = <T extends object>(probe: () => Promise<T>): (() => Promise<T | Unknown>) =>
    options.offline ? async () => OFFLINE : probe;
  const once = new Map<keyof Facts, Promise<object>>();
  const late = AbortSignal.timeout(DEADLINE_MS);
  const tooLate = new Promise<Unknown>((resolve) => {
    late.addEventListener('abort', () =>
      resolve({ why: `no answer within ${DEADLINE_MS / 1_000} s`, late: true }),
    );
  });
  const take = <K extends keyof Facts>(
    key: K,
    probe: () => Promise<Facts[K]>,
  ): Promise<Facts[K] | Unknown> => {
    const begun =
      once.get(key) ??
      Promise.race([probe().catch((error: unknown): Unknown => ({ why: reasonOf(error) })), tooLate]);
    once.set(key, begun);
    return begun as Promise<Facts[K] | Unknown>;
  };
  const graph = () =>
    take(
      'graph',
      outside(() => probeGraph(config.meta, PATIENCE_MS)),
    );
  const accounts = () =>
    take(
      'accounts',
      outside(async () => {
        const there = await graph();
        if (isUnknown(there) || there.error !== undefined) return { why: 'the Graph API does not answer' };
        return probeAccounts(config, PATIENCE_MS / 2);
      }),
    );
  const probes: { readonly [K in keyof Facts]: () => Promise<Facts[K] | Unknown> } = {
    machine: () => take('machine', () => probeMachine(config)),
    folders: () =>
      take('folders', () =>
        Promise.all(writtenFolders(config).map(({ keys, folder }) => probeFolder(keys, folder))),
      ),
    running: () => take('running', () => probeRunning(config)),
    listeners: () => take('listeners', () => Promise.all(wantedListeners(config).map(probeListener))),
    mediaPorts: () => take('mediaPorts', () => mediaPorts(config)),
    certificates: () => take('certificates', async () => ownCertificates(config)),
    graph,
    accounts,
    webhooks: () =>
      take(
        'webhooks',
        outside(async () => webhooks(config, await accounts(), options.webhookUrl)),
      ),
    stun: () =>
      take(
        'stun',
        outside(() => stun(config, options.stun)),
      ),
    sipServer: () =>
      take(
        'sipServer',
        outside(async () =>
          config.sip.server === 'embedded'
            ? { why: 'sip.server is embedded' }
            : probeSipServer(config.sip.server, PATIENCE_MS),
        ),
      ),
    trunks: () =>
      take(
        'trunks',
        outside(() => probeTrunks(config, PATIENCE_MS)),
      ),
  };
  const keys = Object.keys(probes) as (keyof Facts)[];
  const found = await Promise.all(
    keys.map(async (key) => {
      const unknown = options.unknown?.[key] ?? (wanted.has(key) ? undefined : { why: 'not asked' });
      return [key, unknown ?? (await probes[key]())] as const;
    }),
  );
  return Object.fromEntries(found) as unknown as Facts;
}

async function mediaPorts({ webrtc, rtp }: GatewayConfig): Promise<Exclude<Facts['mediaPorts'], Unknown>> {
  const ours = webrtc.bindAddress ?? '0.0.0.0';
  const facts = [await probeRange('webrtc', ours, samplesOf(webrtc.portMin, webrtc.portMax))];
  if (rtp.portMin === 0) return facts;
  const even = rtp.portMin + (rtp.portMin % 2);
  return [...facts, await probeRange('rtp', rtp.address, samplesOf(even, rtp.portMax - 1, 2))];
}

function stun({ webrtc, doctor }: GatewayConfig, wanted: string | false | undefined): Promise<Facts['stun']> {
  if (wanted === false) return Promise.resolve({ why: '--no-stun' });
  const server = wanted ?? doctor.stun;
  if (server === 'off') return Promise.resolve({ why: 'doctor.stun is off' });
  return askStun({
    server,
    bindAddress: webrtc.bindAddress,
    ports: samplesOf(webrtc.portMin, webrtc.portMax).toReversed(),
    timeoutMs: PATIENCE_MS,
  });
}

async function webhooks(
  { meta }: GatewayConfig,
  accounts: Facts['accounts'],
  url: string | undefined,
): Promise<readonly WebhookFact[] | Unknown> {
  if (url === undefined && isUnknown(accounts)) return accounts;
  const all = isUnknown(accounts) ? [] : accounts;
  const places = new Map(
    meta.apps.flatMap(({ id, verifyToken }) => {
      const at = url ?? urlOf(all.filter(({ app }) => app === id));
      return at === undefined ? [] : [[`${id} ${at}`, { id, at, verifyToken }] as const];
    }),
  );
  return Promise.all(
    [...places.values()].map(({ id, at, verifyToken }) => probeWebhook(id, at, verifyToken, PATIENCE_MS)),
  );
}

/** Where Meta posts to, for any of an app's accounts. */
function urlOf(accounts: readonly AccountFact[]): string | undefined {
  for (const { appSubscriptions } of accounts) {
    if (!appSubscriptions.ok) continue;
    const at = appSubscriptions.subscriptions.find(({ callbackUrl }) => callbackUrl !== '')?.callbackUrl;
    if (at !== undefined) return at;
  }
  return undefined;
}
