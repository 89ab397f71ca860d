import { randomBytes } from 'node:crypto';
import type { GatewayConfig } from '../config/index.ts';
import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import { connectSip, type IncomingInvite, orphanOf, type Registrar, type SipControl } from '../sip/index.ts';
import {
  type LastWill,
  lastWillOf,
  type SipServerOptions,
  type SipServerStats,
  type SipServerWorker,
  startSipServerWorker,
} from '../sip-server/index.ts';
import { openSpool, type Spool } from '../store/index.ts';
import { accessOf, sipServerSettings } from './sip-listeners.ts';

/** The SIP leg and, unless a drachtio-server is used, the embedded server behind it. */
export interface SipSide {
  readonly control: SipControl;
  /** Where the server listens, embedded or not. */
  readonly contacts: readonly {
    readonly protocol: string;
    readonly address: string;
    readonly port: number;
  }[];
  /** What the embedded server counts; undefined with a drachtio-server, which has metrics of its own. */
  stats(): SipServerStats | undefined;
  /**
   * Reads the certificates of its listeners again; `config`: who may speak with it, and how much, is what that says.
   * Rejects with SIP_SERVER_TLS, SIP_SERVER_WORKER. Nothing with a drachtio-server.
   */
  reload(config: GatewayConfig['sip']): Promise<void>;
  /** Kills the embedded server as a crash would; for tests of what follows. */
  crash(): Promise<void>;
  close(): Promise<void>;
}

/** Rejects with the codes of sip-server and sip when a port is taken or the drachtio-server is not there. */
export async function startSipSide(options: {
  readonly config: GatewayConfig['sip'];
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
  /** File that keeps, over a crash, what ends the dialogs of either server. */
  readonly willsPath?: string | undefined;
  readonly ready: () => boolean;
  readonly onState: (state: 'connected' | 'lost') => void;
  readonly onIncomingInvite: (invite: IncomingInvite) => void;
  /** Every message that crosses a socket of the embedded server. */
  readonly trace?: SipServerOptions['trace'];
  readonly registrar?: Registrar | undefined;
}): Promise<SipSide> {
  const { config, clock, log } = options;
  const secret = randomBytes(32).toString('hex');
  const { willsPath: path } = options;
  const isEmbedded = config.server === 'embedded';
  const keeper = isEmbedded ? undefined : await openSpool(path, orphanOf, log);
  const embedded: SipServerWorker | undefined = isEmbedded
    ? await startSipServerWorker({
        ...{ secret, ...sipServerSettings(config), log },
        wills: { left: await leftIn(path, log), path },
        ...(options.trace ? { trace: options.trace } : {}),
      })
    : undefined;
  const server =
    config.server === 'embedded' ? { ...(embedded as SipServerWorker).control, secret } : config.server;
  try {
    const control = await connectSip({
      host: server.host,
      port: server.port,
      secret: server.secret,
      clock,
      log,
      userAgent: `${config.userAgent}/${options.version}`,
      requestTimeoutMs: config.requestTimeoutMs,
      ready: options.ready,
      onState: options.onState,
      onIncomingInvite: options.onIncomingInvite,
      ...(options.registrar ? { registrar: options.registrar } : {}),
      ...(keeper ? { keeper } : {}),
    });
    return {
      control,
      contacts: embedded?.contacts ?? control.contacts.flatMap(contactOf),
      stats: () => embedded?.stats(),
      reload: async (next) => embedded?.reload(accessOf(next)),
      crash: async () => embedded?.crash(),
      close: async () => {
        await control.close();
        await embedded?.close();
        await keeper?.close();
      },
    };
  } catch (error) {
    await embedded?.close();
    await keeper?.close();
    throw error;
  }
}

/** What a server that died left, its file made anew; the server's thread goes on with that file by itself. */
async function leftIn(path: string | undefined, log: Log): Promise<Spool<LastWill>['left']> {
  const spool = await openSpool(path, lastWillOf, log);
  await spool.close();
  return spool.left;
}

/** `udp/192.0.2.1:5060`, as a server names its listeners to applications. */
function contactOf(text: string): SipSide['contacts'][number][] {
  const [, protocol = '', bracketed, plain = '', port] = CONTACT.exec(text) ?? [];
  return protocol === '' ? [] : [{ protocol, address: bracketed ?? plain, port: Number(port) }];
}

const CONTACT = /^([a-z]+)\/(?:\[([^\]]+)\]|([^:]+)):(\d+)$/;
