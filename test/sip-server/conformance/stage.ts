import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SipServer } from '../../../src/sip-server/index.ts';
import { connectSrf, startServer } from '../support/app.ts';
import { type Sipp, startSipp } from '../support/sipp.ts';
import type { Srf } from '../support/srf.ts';
import { playable, type Rewrite } from './scenario-files.ts';

/** One server, its applications and the sipp processes of one run. */
export class Stage {
  readonly server: SipServer;
  readonly #more: SipServer[] = [];
  readonly #applications: { disconnect(): unknown }[] = [];
  readonly #sipps: Sipp[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'scenarios-'));

  private constructor(server: SipServer) {
    this.server = server;
  }

  static async open(): Promise<Stage> {
    return new Stage(await startServer());
  }

  get address(): string {
    return `127.0.0.1:${this.server.contacts[0]!.port}`;
  }

  /** One more server; it ends with the stage. */
  async another(): Promise<{ server: SipServer; address: string }> {
    const server = await startServer();
    this.#more.push(server);
    return { server, address: `127.0.0.1:${server.contacts[0]!.port}` };
  }

  /** An application to be disconnected at the end. */
  keep<App extends { disconnect(): unknown } | { readonly srf: Srf }>(app: App): App {
    this.#applications.push('disconnect' in app ? app : app.srf);
    return app;
  }

  async srf(routes?: (srf: Srf) => void): Promise<Srf> {
    return this.keep(await connectSrf(this.server, routes));
  }

  #copy(file: string, rewrite: Rewrite = (text) => text): string {
    const path = join(this.#folder, `${this.#sipps.length}-${file}`);
    writeFileSync(path, rewrite(playable(file)), 'latin1');
    return path;
  }

  /** Runs a caller to its end. */
  async uac(file: string, more: readonly string[] = []): Promise<void> {
    const sipp = await startSipp(['-sf', this.#copy(file), '-m', '1', ...more], this.address);
    this.#sipps.push(sipp);
    await sipp.done;
  }

  /** Starts a callee. */
  async uas(file: string, rewrite?: Rewrite): Promise<{ uri: string; done: Promise<void> }> {
    const sipp = await startSipp(['-sf', this.#copy(file, rewrite), '-m', '1']);
    this.#sipps.push(sipp);
    return { uri: `sip:127.0.0.1:${sipp.port}`, done: sipp.done };
  }

  async close(): Promise<void> {
    for (const sipp of this.#sipps) {
      if (sipp.process.exitCode === null && sipp.process.signalCode === null) {
        sipp.process.kill('SIGKILL');
        await sipp.done.catch(() => {});
      }
    }
    for (const app of this.#applications) app.disconnect();
    await Promise.all([this.server, ...this.#more].map((server) => server.close()));
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
