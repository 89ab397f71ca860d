import { isIP } from 'node:net';
import { isLoopback } from '../shared/addresses.ts';
import { type Found, referenceTo } from './found.ts';
import { metaChecks } from './meta-checks.ts';
import type { ConfigPath } from './problem.ts';
import { registrarChecks, registrationChecks } from './registration-checks.ts';
import type { GatewayConfig } from './schema.ts';

/** What a schema cannot say: names that must exist, ids that must differ, ranges that must make sense. */
export function crossChecks(config: GatewayConfig): Found[] {
  const found: Found[] = metaChecks(config);
  const reference = (path: ConfigPath, name: string, known: readonly string[], where: string): void => {
    found.push(...referenceTo(path, name, known, where));
  };
  const routes = Object.keys(config.routes);
  const trunks = Object.keys(config.trunks);
  config.meta.pages.forEach((page, i) => {
    reference(['meta', 'pages', i, 'route'], page.route, routes, 'routes');
  });
  config.meta.numbers.forEach((number, i) => {
    reference(['meta', 'numbers', i, 'route'], number.route, routes, 'routes');
  });
  for (const [name, route] of Object.entries(config.routes)) {
    route.targets.forEach((target, i) => {
      reference(['routes', name, 'targets', i, 'trunk'], target.trunk, trunks, 'trunks');
      if (!target.user && trunks.includes(target.trunk) && !userOfTrunk(config, target.trunk)) {
        found.push({
          path: ['routes', name, 'targets', i],
          message: `neither this target nor trunks.${target.trunk} names a user.`,
          remedy: 'Add user: the extension, queue or ring group to call.',
        });
      }
    });
  }
  config.outbound.rules.forEach((rule, i) => {
    const path = ['outbound', 'rules', i];
    const trunk = config.trunks[rule.trunk];
    reference([...path, 'trunk'], rule.trunk, trunks, 'trunks');
    if (rule.page !== undefined) {
      reference(
        [...path, 'page'],
        rule.page,
        [...config.meta.pages, ...config.meta.numbers].map(({ id }) => id),
        'meta.pages or meta.numbers',
      );
    } else if (rule.pageHeader === undefined) {
      found.push({ path, message: 'nothing names the Page that calls.', remedy: 'Add page or pageHeader.' });
    }
    if (trunk && !trunk.from && !trunk.register && trunk.registered === undefined && isIP(trunk.host) === 0) {
      found.push({
        path: ['trunks', rule.trunk, 'host'],
        message: 'INVITEs of this trunk cannot be told from others: its host is a name.',
        remedy: `Add from: [the addresses that it calls from] to trunks.${rule.trunk}.`,
      });
    }
  });
  const { first, last } = config.outbound.directory;
  if ((first === undefined) !== (last === undefined) || (first ?? 0) > (last ?? 0)) {
    found.push({
      path: ['outbound', 'directory'],
      message: 'first and last are no range of numbers.',
      remedy: 'Set both, first not above last, or neither.',
    });
  }
  found.push(...registrarChecks(config));
  for (const name of trunks) {
    found.push(...trunkChecks(config, name), ...registrationChecks(config, name));
    config.trunks[name]?.replacedBy?.forEach((other, i) => {
      reference(['trunks', name, 'replacedBy', i], other, trunks, 'trunks');
    });
    config.trunks[name]?.historyTo?.forEach((other, i) => {
      reference(['trunks', name, 'historyTo', i], other, trunks, 'trunks');
    });
  }
  const { webrtc, rtp, http, admin } = config;
  if (webrtc.portMax < webrtc.portMin) found.push(range(['webrtc', 'portMax']));
  if (rtp.portMin !== 0 && rtp.portMax < rtp.portMin + (rtp.portMin % 2) + 1)
    found.push(range(['rtp', 'portMax']));
  found.push(...portChecks(config));
  const [one, other] = [http.listen.address, admin.listen.address];
  if (
    !admin.socket &&
    http.listen.port !== 0 &&
    http.listen.port === admin.listen.port &&
    (one === other || isWildcard(one) || isWildcard(other))
  ) {
    found.push({
      path: ['admin', 'listen', 'port'],
      message: 'http.listen has the same address and port.',
      remedy: 'Give the admin port another number.',
    });
  }
  if (isWildcard(rtp.address) && !rtp.externalAddress) {
    found.push({
      path: ['rtp', 'address'],
      message: `${rtp.address} cannot be written into SDP.`,
      remedy: 'Set rtp.address to the address that the PBX can reach, or add rtp.externalAddress.',
    });
  }
  return found;
}

/** A socket on loopback reaches this machine only. */
function trunkChecks({ sip, rtp, trunks }: GatewayConfig, name: string): Found[] {
  const found: Found[] = [];
  const { host = '', transport, jitterBuffer, sessionTimer, registered } = trunks[name] ?? {};
  if (sessionTimer && sessionTimer.expiresS > 0 && sessionTimer.expiresS < sessionTimer.minSeS) {
    found.push({
      path: ['trunks', name, 'sessionTimer', 'expiresS'],
      message: `is less than minSeS, ${sessionTimer.minSeS}.`,
      remedy: `Set it to at least ${sessionTimer.minSeS}, or to 0: never ask.`,
    });
  }
  if (jitterBuffer && jitterBuffer.maxDelayMs < jitterBuffer.minDelayMs) {
    found.push({
      path: ['trunks', name, 'jitterBuffer', 'maxDelayMs'],
      message: `is less than minDelayMs, ${jitterBuffer.minDelayMs}.`,
      remedy: `Set it to at least ${jitterBuffer.minDelayMs}, or lower minDelayMs.`,
    });
  }
  const isElsewhere = isIP(host) !== 0 && !isLoopback(host);
  const listeners = sip.listen.filter(({ protocol }) => protocol === transport);
  // It comes to us, by whatever listener it likes.
  if (registered !== undefined) return found;
  if (sip.server === 'embedded' && listeners.length === 0) {
    found.push({
      path: ['trunks', name, 'transport'],
      message: `sip.listen has no ${transport} listener.`,
      remedy: `Add { protocol: ${transport}, address: ...${transport === 'tls' ? ', tls: { certificates: ... }' : ''} } to sip.listen.`,
    });
  } else if (
    sip.server === 'embedded' &&
    isElsewhere &&
    listeners.every(({ address }) => isLoopback(address))
  ) {
    found.push({
      path: ['trunks', name, 'host'],
      message: `${host} cannot be reached: sip.listen has loopback addresses only.`,
      remedy: 'Set address in sip.listen to the address of this machine that the PBX sees.',
    });
  }
  if (isElsewhere && isLoopback(rtp.address)) {
    found.push({
      path: ['rtp', 'address'],
      message: `${rtp.address} is loopback: no audio from trunks.${name} (${host}) arrives there.`,
      remedy: 'Set it to the address of this machine that the PBX sees.',
    });
  }
  return found;
}

/** A call that finds no port would ring, be accepted, and fail. */
function portChecks({ webrtc, rtp, limits }: GatewayConfig): Found[] {
  // RTP has the even port, RTCP the next one (RFC 3550 section 11).
  const pairs = Math.floor((rtp.portMax - (rtp.portMin + (rtp.portMin % 2)) + 1) / 2);
  const rooms = [
    {
      path: ['webrtc', 'portMax'],
      ports: 'webrtc.portMin to portMax',
      calls: webrtc.portMax - webrtc.portMin + 1,
    },
    {
      path: ['rtp', 'portMax'],
      ports: 'rtp.portMin to portMax',
      calls: rtp.portMin === 0 ? Infinity : pairs,
    },
  ];
  return rooms
    .filter(({ calls }) => calls > 0 && calls < limits.maxCalls)
    .map(({ path, ports, calls }) => ({
      path,
      message: `${ports} is enough for ${calls} calls, and limits.maxCalls is ${limits.maxCalls}.`,
      remedy: `Open more ports, or set limits.maxCalls to ${calls}.`,
    }));
}

function range(path: ConfigPath): Found {
  return { path, message: 'the range ends before it begins.', remedy: 'Make portMax larger than portMin.' };
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

/** Whom a target without a user rings. */
function userOfTrunk({ trunks }: GatewayConfig, name: string): string | undefined {
  return trunks[name]?.user ?? trunks[name]?.registered;
}
