import { isIP } from 'node:net';
import { systemClock } from '../shared/clock.ts';
import { GatewayError } from '../shared/error.ts';
import { silentLog } from '../shared/log.ts';
import { Engine } from './engine/engine.ts';
import { systemIds } from './engine/ids.ts';
import type { LastWills } from './engine/last-wills.ts';
import { hostPortText } from './grammar/scan.ts';
import { Counters } from './guard/counters.ts';
import { Guard } from './guard/guard.ts';
import { LoopDelay } from './guard/loop-delay.ts';
import { AddressList } from './guard/peers.ts';
import { OwnAddresses } from './transport/address.ts';
import { CertificateWatch } from './transport/certificate-watch.ts';
import { SystemResolver } from './transport/dns/system-resolver.ts';
import { TransportLayer } from './transport/layer.ts';
import type { Flow } from './transport/transport.ts';
import type { SipContact, SipServer, SipServerOptions, SipServerSettings } from './types.ts';
import { ControlServer } from './wire/control.ts';

/**
 * Starts a SIP server that drachtio-srf applications connect to.
 *
 * @throws GatewayError SIP_SERVER_OPTIONS, SIP_SERVER_ALLOW_MISSING, SIP_SERVER_LISTEN, SIP_SERVER_TLS
 */
export function startSipServer(options: SipServerOptions): Promise<SipServer> {
  return startCounted(options, new Counters());
}

/** A server whose counters and calls another thread looks after. */
export interface Counted extends SipServer {
  readonly wills: LastWills;
  /** Writes the gauges into the counters. */
  readonly refresh: () => void;
}

/** The same with counters that another thread may read. */
export async function startCounted(options: SipServerOptions, counters: Counters): Promise<Counted> {
  checkSettings(options);
  const clock = options.clock ?? systemClock;
  const log = options.log ?? silentLog;
  const guard = new Guard(options, clock, counters);
  const { trace } = options;
  const loopDelay = new LoopDelay();
  const local = new AddressList(options.localNetworks ?? [], 'localNetworks');
  let engine: Engine | undefined;
  let control: ControlServer | undefined;

  const traced = (direction: 'in' | 'out', message: Buffer, flow: Flow): void => {
    const { protocol, bound: local, remote } = flow;
    trace?.({ direction, protocol, local, remote, message, at: clock.now() });
  };
  const transports = await TransportLayer.open(options.listen, {
    clock,
    ...(options.keepAliveMs !== undefined && { limits: { pingMs: options.keepAliveMs } }),
    resolver: options.resolver ?? new SystemResolver(options.dnsServers),
    random: Math.random,
    own: new OwnAddresses({
      clock,
      external: options.externalAddress,
      isLocal: (peer) => local.has(peer),
    }),
    accepts: (address, { protocol, ...bound }) => guard.knows(address, { protocol, bound }),
    onMessage: (data, flow) => engine?.onMessage(data, flow),
    onMisled: (by, at) => {
      counters.add('misled');
      log.debug({ by, at }, 'sip_server.misled');
    },
    onError: (error) => log.error({ error: error.message }, 'sip_server.socket_error'),
    onSend: (message, flow) => {
      counters.add('messagesOut');
      traced('out', message, flow);
    },
  }).catch((error: unknown) => {
    loopDelay.close();
    throw error;
  });
  guard.bind(transports.contacts);
  engine = new Engine({
    clock,
    log,
    ids: systemIds,
    nat: options.nat ?? true,
    counters,
    guard,
    transports,
    pick: (method) => control?.pick(method),
    onHeard: (message, flow) => traced('in', message, flow),
  });
  const gauges = (): void => {
    if (!engine || !control) return;
    const { mean, p99, max } = loopDelay.read(clock.monotonic());
    const late = { loopDelayMean: mean, loopDelayP99: p99, loopDelayMax: max };
    counters.set({ clients: control.clientCount, ...engine.dump(), ...late });
  };
  control = new ControlServer(
    {
      host: options.control?.host ?? '127.0.0.1',
      port: options.control?.port ?? 0,
      secret: options.secret,
      hostports: () => transports.contacts.map(contactText).join(','),
      clock,
      log,
    },
    engine,
  );
  const running = { engine, control };
  let at: { host: string; port: number };
  try {
    at = await control.listen();
  } catch (error) {
    engine.close();
    loopDelay.close();
    await transports.close();
    throw error;
  }
  log.info({ control: at, contacts: transports.contacts }, 'sip_server.listening');
  counters.set({ startedAt: clock.now() });
  const certificates = new CertificateWatch(() => transports.certificates, clock, log);
  certificates.start();
  let closing: Promise<unknown> | undefined;
  const contacts = transports.contacts;
  return {
    control: at,
    contacts,
    wills: running.engine.wills,
    refresh: gauges,
    stats: () => {
      gauges();
      return counters.read();
    },
    reload: async (access) => {
      try {
        // What it says against these is found before certificates change.
        if (access) new Guard({ ...options, ...access }, clock, counters);
        await transports.reload();
        if (access) guard.admit(access);
      } catch (error) {
        log.error({ error }, 'sip_server.reload_failed');
        throw error;
      }
      log.info({}, 'sip_server.reloaded');
      certificates.start();
    },
    close: async () => {
      closing ??= (async () => {
        running.engine.close();
        loopDelay.close();
        certificates.close();
        await Promise.all([running.control.close(), transports.close()]);
      })();
      await closing;
    },
  };
}

const contactText = (contact: SipContact): string => `${contact.protocol}/${hostPortText(contact)}`;

function checkSettings(options: SipServerSettings): void {
  const bad = (option: string, text: string): never => {
    throw new GatewayError('SIP_SERVER_OPTIONS', `${option}: ${text}`, { option });
  };
  if (!/^[^|\r\n]{1,256}$/.test(options.secret))
    bad('secret', 'must have 1 to 256 characters, no "|" and no line break');
  if (options.listen.length === 0) bad('listen', 'must name at least one listener');
  for (const { protocol, address, port, tls } of options.listen) {
    if (protocol !== 'udp' && protocol !== 'tcp' && protocol !== 'tls')
      bad('listen.protocol', `"${String(protocol)}" is not supported`);
    if (protocol === 'tls' && (tls?.certificates.length ?? 0) === 0)
      bad('listen.tls.certificates', 'a TLS listener needs at least one certificate');
    if (isIP(address) === 0) bad('listen.address', `"${address}" is not an IP address`);
    if (!Number.isInteger(port) || port < 0 || port > 65_535) bad('listen.port', `${port} is not a port`);
  }
  for (const server of options.dnsServers ?? []) {
    if (isIP(server) === 0 && !/^(\d+\.){3}\d+:\d{1,5}$|^\[[0-9a-f:]+\](:\d{1,5})?$/i.test(server))
      bad('dnsServers', `"${server}" is not an IP address`);
  }
  for (const { externalAddress } of [options, ...options.listen]) {
    if (externalAddress !== undefined && isIP(externalAddress) === 0)
      bad('externalAddress', `"${externalAddress}" is not an IP address`);
  }
}
