import { createSocket } from 'node:dgram';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeskPhone, MetaSimulator } from '../../../src/sim/index.ts';
import { GatewayProcess, PAGE } from '../../support/gateway-process.ts';
import { SECRETS } from './canaries.ts';
import { watchMediaKeys } from './media-keys.ts';
import { startRelay } from './relay.ts';

export const NUMBER = '550022001100';

/** A gateway with everything switched on that writes something somewhere, and all that it talks to. */
export async function openSite() {
  const closers: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  const folder = mkdtempSync(join(tmpdir(), 'msgw-leaks-'));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
  // Not among what the gateway writes: everybody of this machine can read it, and is meant to be warned of.
  const secrets = mkdtempSync(join(tmpdir(), 'msgw-secrets-'));
  closers.push(() => rmSync(secrets, { recursive: true, force: true }));
  writeFileSync(join(secrets, 'whatsapp'), SECRETS.WHATSAPP_TOKEN);
  chmodSync(join(secrets, 'whatsapp'), 0o644);
  for (const name of ['traces', 'recordings']) mkdirSync(join(folder, name));
  const media = watchMediaKeys();
  closers.push(() => media.restore());
  const common = { appSecret: SECRETS.APP_SECRET, appId: 'app', requireAppSecretProof: true };
  const messenger = await MetaSimulator.start({
    ...common,
    pageId: PAGE,
    accessToken: SECRETS.PAGE_TOKEN,
  });
  closers.push(() => messenger.close());
  const whatsapp = await MetaSimulator.start({
    ...common,
    platform: 'whatsapp',
    pageId: NUMBER,
    accessToken: SECRETS.WHATSAPP_TOKEN,
  });
  closers.push(() => whatsapp.close());
  const phone = await DeskPhone.start({
    codecs: ['PCMU'],
    toneHz: 620,
    ringMs: 0,
    srtp: 'optional',
    digest: { username: 'gateway', password: SECRETS.TRUNK_PASSWORD },
  });
  closers.push(() => phone.close());

  const homer = createSocket('udp4');
  const hep: Buffer[] = [];
  homer.on('message', (packet) => hep.push(packet));
  await new Promise<void>((resolve) => homer.bind(0, '127.0.0.1', resolve));
  closers.push(() => homer.close());

  /** Takes one record in two: a refusal is written down. */
  let delivered = 0;
  const taken: Buffer[] = [];
  const crm = createServer((request, response) => {
    taken.push(Buffer.from(`${JSON.stringify(request.rawHeaders)}\n`));
    request.on('data', (chunk: Buffer) => taken.push(chunk));
    delivered += 1;
    response.writeHead(delivered % 2 === 0 ? 200 : 503, { 'retry-after': '1' }).end();
  });
  await new Promise<void>((resolve) => crm.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    crm.closeAllConnections();
    crm.close();
  });

  let gatewayUrl = '';
  const relay = await startRelay((path) => {
    if (path.startsWith('/webhook')) return gatewayUrl;
    return path.includes(NUMBER) ? whatsapp.graphUrl : messenger.graphUrl;
  });
  closers.push(() => relay.close());

  const file = (name: string): string => join(folder, name);
  let sip: unknown;
  const start = async (level: 'info' | 'debug'): Promise<GatewayProcess> => {
    const gateway = await GatewayProcess.start({
      graphUrl: relay.url,
      phone: { host: phone.host, port: phone.port },
      codec: 'PCMU',
      opusComplexity: 0,
      maxCalls: 20,
      launcher: [],
      env: {
        ...SECRETS,
        DATABASE_URL: `postgres://canary:${SECRETS.DATABASE_PASSWORD}@127.0.0.1:1/calls`,
      },
      configure: (yaml) => {
        const trunks = yaml['trunks'] as { phone: object };
        // The one before it must find the phones where they were.
        const { listen: own } = yaml['sip'] as { listen: object[] };
        sip ??= {
          // The phone is known by 127.0.0.1, the gateway to itself by another address.
          listen: [...own, { ...own[0], address: '127.0.0.2' }],
          registrar: { accounts: [{ user: 'desk9', password: '${ACCOUNT_PASSWORD}' }] },
        };
        const { listen } = sip as { listen: { port: number }[] };
        Object.assign(yaml, {
          sip,
          admin: {
            ...(yaml['admin'] as object),
            tokens: [
              { name: 'operator', scopes: ['admin'], secret: '${ADMIN_TOKEN}' },
              { name: 'wallboard', scopes: ['metrics'], secret: '${WALL_TOKEN}' },
            ],
          },
          trunks: {
            phone: {
              ...trunks.phone,
              srtp: 'optional',
              credentials: { username: 'gateway', password: '${TRUNK_PASSWORD}' },
              callers: { username: 'caller', password: '${CALLER_PASSWORD}' },
              transferTo: ['*'],
              headers: { add: { 'X-Crm': '{psid};{name}' }, copy: ['X-Canary'] },
            },
            // It registers with itself: both ends of REGISTER are ours.
            self: {
              host: '127.0.0.2',
              port: listen[0]?.port,
              register: { username: 'desk9', password: '${ACCOUNT_PASSWORD}' },
            },
            desk9: { registered: 'desk9' },
          },
          outbound: {
            rules: [{ trunk: 'phone', page: PAGE, requestPermission: true }],
            directory: { path: file('directory'), first: 700_001, last: 799_999 },
          },
          recording: { directory: file('recordings') },
          routes: { desk: { targets: [{ trunk: 'phone', user: '100' }], recording: 'always' } },
          journal: { path: file('journal') },
          records: {
            path: file('records'),
            sqlite: { path: file('records.db') },
            webhook: {
              url: `http://127.0.0.1:${(crm.address() as AddressInfo).port}/calls`,
              secret: '${RECORDS_SECRET}',
              formerSecret: '${FORMER_SECRET}',
            },
            postgres: { url: '${DATABASE_URL}' },
          },
          trace: { directory: file('traces') },
          observe: { hep: { host: '127.0.0.1', port: homer.address().port, password: '${HEP_PASSWORD}' } },
          log: { level },
        });
        const meta = yaml['meta'] as Record<string, unknown>;
        meta['metrics'] = { path: file('call-metrics') };
        meta['numbers'] = [
          { id: NUMBER, accessToken: `file:${join(secrets, 'whatsapp')}`, app: 'app', route: 'desk' },
        ];
      },
    });
    closers.push(() => gateway.kill());
    gatewayUrl = new URL(gateway.webhookUrl).origin;
    for (const simulator of [messenger, whatsapp]) simulator.setWebhookUrl(`${relay.url}/webhook`);
    return gateway;
  };

  /** Every file that was written, with what is in it; names of files too. */
  const written = (): Readonly<Record<string, string>> => {
    for (;;) {
      try {
        return read();
      } catch (error) {
        // A trace or a recording got its last name between being listed and being read: once more, from the start.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
  };
  const read = (): Readonly<Record<string, string>> => {
    const files: Record<string, string> = {};
    const walk = (at: string): void => {
      for (const name of readdirSync(at)) {
        const path = join(at, name);
        const stats = statSync(path);
        if (stats.isDirectory()) walk(path);
        // The lock of the journal is a socket: there is nothing in it.
        else if (!stats.isFile()) files[path.slice(folder.length + 1)] = '';
        else files[path.slice(folder.length + 1)] = readFileSync(path, 'latin1');
      }
    };
    walk(folder);
    return files;
  };
  return {
    messenger,
    whatsapp,
    phone,
    start,
    written,
    /** The same for each start: phones answer to where their calls came from. */
    sipPort: () => (sip as { listen: { port: number }[] }).listen[0]?.port ?? 0,
    close,
    keys: media.keys,
    seen: relay.seen,
    /** What Homer was sent, in both runs. */
    hep: () => Buffer.concat(hep).toString('latin1'),
    /** What the webhook for records was sent, in both runs. */
    crm: () => Buffer.concat(taken).toString('latin1'),
  };
}
export type Site = Awaited<ReturnType<typeof openSite>>;
