import type { EventEmitter } from 'node:events';
import { once } from 'node:events';
import { createRequire, registerHooks } from 'node:module';
import { dirname, join } from 'node:path';
import type { SipServer } from '../../../src/sip-server/index.ts';
import { SECRET } from '../support/app.ts';
import type { Srf, SrfDialog } from '../support/srf.ts';

const load = createRequire(import.meta.url);
const PACKAGE = dirname(load.resolve('drachtio-srf/package.json'));

type Headers = Record<string, string>;
interface Legs {
  readonly uas: SrfDialog;
  readonly uac: SrfDialog;
}

/** test/scripts/uas.js */
export interface UasScript extends EventEmitter {
  readonly srf: Srf;
  reject(status: number): this;
  accept(sdp?: null, useBody?: boolean): this;
  acceptCb(): this;
  acceptSubscribe(): this;
  /** Resolves at the ACK of the re-INVITE. */
  handleReinviteScenario(): Promise<void>;
}

/** test/scripts/b2b.js */
export interface B2bScript extends EventEmitter {
  readonly srf: Srf;
  expectSuccess(uri: string, options?: object): void;
  expectCancel(uri: string): void;
  expectFailure(uri: string, status: number, newStatus?: number): void;
  expect3pccUasFailure(uri: string): void;
  immediateReinviteFromB(uri: string): void;
  uriInOpts(uri: string): void;
  passHeaders(uri: string): void;
  passHeadersOnResponse(uri: string, headers: Headers | (() => Headers)): void;
  sdpAsPromise(uri: string): void;
  sdpAsFunctionReturningString(uri: string): void;
  on(event: 'connected', listener: (legs: Legs) => void): this;
  on(event: string, listener: (...values: never[]) => void): this;
}

/** test/scripts/proxy.js */
export interface ProxyScript extends EventEmitter {
  readonly srf: Srf;
  proxyPromise(destination: string): void;
}

/** What their module `config` says: where the applications connect. */
const targets = new Map<string, object>();
(globalThis as { conformanceTargets?: typeof targets }).conformanceTargets = targets;
/** Hosts in their scripts that are containers of their test network. */
const hosts = new Map<string, string>();

// The scripts read addresses from npm `config`, which they do not bring along; `refer-b2b.js` has one written in it.
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'config'
      ? { url: 'conformance:config', format: 'commonjs', shortCircuit: true }
      : next(specifier, context),
  load: (url, context, next) => {
    if (url === 'conformance:config') {
      const source = 'module.exports = globalThis.conformanceTargets;';
      return { format: 'commonjs', source, shortCircuit: true };
    }
    const loaded = next(url, context);
    if (!url.endsWith('/test/scripts/refer-b2b.js')) return loaded;
    let source = String(loaded.source);
    for (const [host, address] of hosts) source = source.replaceAll(host, address);
    return { ...loaded, source };
  },
});

const aim = (name: string, server: SipServer): void => {
  targets.set(name, { ...server.control, secret: SECRET });
};

/** An application of drachtio-srf's own tests, as it is; `begin` gives it its part before it connects. */
export async function script<App extends { readonly srf: Srf }>(
  name: 'uas' | 'b2b' | 'proxy',
  server: SipServer,
  begin: (app: App) => void,
): Promise<App> {
  aim('drachtio-sut', server);
  const Script = load(join(PACKAGE, 'test', 'scripts', `${name}.js`)) as new () => App;
  const app = new Script();
  const connected = once(app.srf, 'connect');
  begin(app);
  await connected;
  return app;
}

/** refer-b2b.js on one server and refer-uas.js on another; they connect when they are loaded, so once only. */
export async function referScripts(between: SipServer, end: SipServer, endAddress: string): Promise<Srf[]> {
  aim('drachtio-sut', between);
  aim('drachtio-uas', end);
  hosts.set('172.29.0.19', endAddress);
  const both = ['refer-b2b', 'refer-uas'].map(
    (name) => load(join(PACKAGE, 'test', 'scripts', `${name}.js`)) as Srf,
  );
  await Promise.all(both.map((srf) => once(srf, 'connect')));
  return both;
}
