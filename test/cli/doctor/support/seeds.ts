import { createServer } from 'node:net';
import { join } from 'node:path';
import { SmallDisk } from '../../../chaos/small-disk.ts';
import { Authority } from '../../../sip-server/support/certificates.ts';
import { freeTcpPort, freeUdpPort } from '../../../support/ports.ts';
import { Pbx, sdpOf } from './pbx.ts';
import { type DoctorWorld, PAGE } from './world.ts';

/** One way to have it wrong, and the one check that must find it. */
export interface Seed {
  readonly name: string;
  readonly check: string;
  readonly status: 'fail' | 'warn';
  /** 'unmade': this machine does not let it be broken so. */
  breaks(world: DoctorWorld): void | Promise<void> | 'unmade';
}

const DAY_MS = 86_400_000;
/** RFC 5737: of nobody's machine. */
const ELSEWHERE = '203.0.113.7';

const seed = (name: string, check: string, status: Seed['status'], breaks: Seed['breaks']): Seed => ({
  name,
  check,
  status,
  breaks,
});

export const SEEDS: readonly Seed[] = [
  seed('a key is misspelt', 'configuration', 'fail', ({ config }) => {
    config.trunks['pbx'] = { ...config.trunks['pbx'], codec: ['PCMU'] };
  }),
  seed('the folder of the journal is missing', 'configuration', 'fail', ({ config, folder }) => {
    config.journal.path = join(folder, 'nowhere', 'journal.jsonl');
  }),
  seed('keys of SRTP travel in the clear', 'configuration', 'warn', ({ config }) => {
    config.trunks['pbx'] = { ...config.trunks['pbx'], srtp: 'optional' };
  }),
  seed(
    'the app secret is another',
    'app-secret',
    'fail',
    (world) => void world.secret('secret', 'not-the-secret'),
  ),
  seed('appsecret_proof is switched off, and the app requires it', 'app-secret', 'fail', ({ config }) => {
    config.meta.sendAppSecretProof = false;
  }),
  seed('the token was taken back', 'token', 'fail', ({ simulator }) => {
    simulator.page.token = { valid: false };
  }),
  seed(
    'the token is another text',
    'token',
    'fail',
    (world) => void world.secret('token', 'some-other-token'),
  ),
  seed('the token is of another Page', 'token-owner', 'fail', ({ simulator }) => {
    simulator.page.token = { profileId: '999' };
  }),
  seed('another app issued the token', 'token-owner', 'fail', ({ simulator }) => {
    simulator.page.token = { appId: '4711' };
  }),
  seed('the token lacks pages_messaging', 'token-scopes', 'fail', ({ simulator }) => {
    simulator.page.token = { scopes: ['pages_manage_metadata'] };
  }),
  seed('the token ends in two days', 'token-expiry', 'warn', ({ simulator }) => {
    simulator.page.token = { expiresAtS: Math.round((Date.now() + 2 * DAY_MS) / 1_000) };
  }),
  seed('Meta has not granted calling', 'feature', 'fail', ({ simulator }) => {
    simulator.page.feature = 'disabled';
  }),
  seed('calling is switched off', 'audio', 'fail', ({ simulator }) =>
    setting(simulator, { audio_enabled: false }),
  ),
  seed('the call icon is hidden', 'icon', 'warn', ({ simulator }) =>
    setting(simulator, { icon_enabled: false }),
  ),
  seed("calls ring Meta's inbox", 'ring-target', 'fail', ({ simulator }) =>
    setting(simulator, { ring_target: 'META' }),
  ),
  seed('the Page forgot our subscription', 'subscription', 'fail', ({ simulator }) => {
    simulator.page.subscribed = ['messages'];
  }),
  seed('the app has no webhook', 'webhook', 'fail', ({ simulator }) => {
    simulator.page.appSubscription = undefined;
  }),
  seed('the webhook is not told of calls', 'webhook', 'fail', ({ simulator, webhookUrl }) => {
    simulator.page.appSubscription = { callbackUrl: webhookUrl, fields: ['messages'] };
  }),
  seed('the webhook URL has another verify token', 'webhook-reachable', 'fail', ({ webhook }) => {
    webhook.verifyToken = 'another';
  }),
  seed('nobody listens at the webhook URL', 'webhook-reachable', 'fail', (world) => world.stopWebhook()),
  seed('the webhook URL takes what nobody signed', 'webhook-signature', 'fail', ({ webhook }) => {
    webhook.checksSignatures = false;
  }),
  seed('the clock is ten seconds slow', 'clock', 'warn', ({ simulator }) => {
    simulator.page.clockAheadMs = 10_000;
  }),
  seed('the clock is an hour fast', 'clock', 'fail', ({ simulator }) => {
    simulator.page.clockAheadMs = -3_600_000;
  }),
  seed('Graph is not found in DNS', 'graph', 'fail', ({ config, args, webhookUrl }) => {
    config.meta.graphUrl = 'https://graph.invalid';
    args.push('--webhook-url', webhookUrl);
  }),
  seed('a firewall eats UDP', 'udp', 'fail', ({ stun }) => {
    stun.silent = true;
  }),
  seed('another address is announced than we have', 'nat', 'fail', ({ stun, config }) => {
    stun.pretends = ELSEWHERE;
    config.webrtc.externalAddress = '203.0.113.9';
  }),
  seed('a NAT, and none is announced', 'nat', 'warn', ({ stun }) => {
    stun.pretends = ELSEWHERE;
  }),
  seed('a NAT that makes other ports', 'nat', 'warn', ({ stun, config }) => {
    stun.pretends = ELSEWHERE;
    stun.portShift = 7;
    config.webrtc.externalAddress = ELSEWHERE;
  }),
  seed('another program has the webhook port', 'listen-ports', 'fail', async (world) => {
    const server = createServer();
    await new Promise<void>((resolve) =>
      server.listen(world.config.http.listen.port, '127.0.0.1', () => resolve()),
    );
    world.owns({ close: () => new Promise<void>((resolve) => server.close(() => resolve())) });
  }),
  seed('SIP listens on an address of another machine', 'listen-ports', 'fail', ({ config }) => {
    config.sip.listen = config.sip.listen?.map((each) => ({ ...each, address: ELSEWHERE })) ?? [];
  }),
  seed('RTP has an address of another machine', 'media-ports', 'fail', ({ config }) => {
    config.rtp.address = ELSEWHERE;
  }),
  seed('ports of WebRTC and RTP overlap', 'port-ranges', 'warn', ({ config }) => {
    config.rtp.portMin = 9_500;
  }),
  seed('the PBX does not know us', 'trunk-options', 'fail', ({ pbx }) => {
    pbx.status = '403 Forbidden';
    pbx.sdp = '';
  }),
  seed('the PBX is not there', 'trunk-options', 'fail', async ({ config }) => {
    config.trunks['pbx'] = { ...config.trunks['pbx'], port: await freeUdpPort() };
  }),
  seed('the host of the PBX is not found', 'trunk-dns', 'fail', ({ config }) => {
    config.trunks['pbx'] = { host: 'pbx.invalid', user: '100' };
  }),
  seed('the PBX has none of our codecs', 'codecs', 'fail', ({ pbx }) => {
    pbx.sdp = sdpOf('18 9', ['a=rtpmap:18 G729/8000', 'a=rtpmap:9 G722/8000']);
  }),
  seed('the certificate of the PBX has ended', 'trunk-certificate', 'fail', (world) =>
    tlsPbx(world, 'DNS:localhost', -1),
  ),
  seed('the certificate of the PBX is of another name', 'trunk-certificate', 'fail', (world) =>
    tlsPbx(world, 'DNS:pbx.example.com', 30),
  ),
  seed('nobody we know has certified the PBX', 'trunk-certificate', 'fail', (world) =>
    tlsPbx(world, 'DNS:localhost', 30, false),
  ),
  seed('our certificate for SIP has ended', 'certificates', 'fail', (world) =>
    tlsPbx(world, 'DNS:localhost', 30, true, -1),
  ),
  seed('the certificate of the admin port ends in five days', 'certificates', 'warn', (world) => {
    const authority = world.owns(new Authority());
    const { cert, key } = authority.issue('IP:127.0.0.1', 5);
    world.config.admin.tls = { cert: world.file('admin.pem', cert), key: world.file('admin.key', key) };
  }),
  seed('sip.allow drops the calls of a trunk', 'sip-allow', 'warn', ({ config }) => {
    config.trunks['pbx'] = { ...config.trunks['pbx'], from: ['192.0.2.20'] };
    config.outbound = { rules: [{ trunk: 'pbx', page: PAGE }] };
  }),
  seed('nobody runs the drachtio-server', 'sip-server', 'fail', async (world) => {
    const port = await freeTcpPort();
    const secret = `file:${world.file('drachtio', 'cymru')}`;
    world.config.sip = { server: { host: '127.0.0.1', port, secret } };
  }),
  seed('the disk of the journal is full', 'disk', 'fail', (world) => {
    const disk = SmallDisk.mount();
    if (!disk) return 'unmade';
    world.owns(disk);
    world.config.journal.path = join(disk.folder, 'journal.jsonl');
    disk.fill();
    return undefined;
  }),
  seed('fewer files may be open than the calls need', 'open-files', 'fail', (world) => {
    world.launcher = ['sh', '-c', 'ulimit -n 300; exec "$@"', 'sh'];
  }),
  seed('fewer cores than the calls need', 'cores', 'warn', ({ config }) => {
    config.media = { workers: 1 };
    config.limits.maxCalls = 300;
  }),
];

function setting(
  simulator: DoctorWorld['simulator'],
  change: Partial<DoctorWorld['simulator']['page']['settings']>,
): void {
  simulator.page.settings = { ...simulator.page.settings, ...change };
}

/** A PBX that speaks TLS and is called localhost, and our listener for it, in place of the one that speaks UDP. */
async function tlsPbx(
  world: DoctorWorld,
  names: string,
  days: number,
  known = true,
  ownDays = 30,
): Promise<void> {
  const authority = world.owns(new Authority());
  const pbx = world.owns(await Pbx.start(authority.issue(names, days)));
  const own = authority.issue('IP:127.0.0.1', ownDays);
  const certificates = [{ cert: world.file('own.pem', own.cert), key: world.file('own.key', own.key) }];
  const ca = known ? { ca: world.file('ca.pem', authority.cert) } : {};
  world.config.sip.listen = [
    { protocol: 'tls', address: '127.0.0.1', port: await freeTcpPort(), tls: { certificates, ...ca } },
  ];
  world.config.trunks['pbx'] = { host: 'localhost', port: pbx.port, transport: 'tls', user: '100' };
}
