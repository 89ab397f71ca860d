import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import { program } from '../../../src/cli/program.ts';
import { MetaSimulator, type MetaSimulatorOptions } from '../../../src/sim/index.ts';

export const PAGE = '102030405060708';
export const PSID = '7654321098765432';
export const APP_SECRET = 'cli-app-secret';
export const VERIFY_TOKEN = 'cli-verify-token';
export const APP = '1234567890';
export const TOKEN = 'cli-page-token';

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A folder that goes with the test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'msgw-cli-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export { freeTcpPort as freePort } from '../../support/ports.ts';

export interface MetaWorld {
  readonly simulator: MetaSimulator;
  readonly folder: string;
  /** Path of the configuration. */
  readonly config: string;
  /** `msgw ARGS --config` in this process. */
  run(...args: string[]): Promise<Said>;
  /** The same with `--json`: the object, and the exit code with it. */
  json(...args: string[]): Promise<Record<string, unknown>>;
}

/** The simulator, and a configuration of it as an operator has one. */
export async function metaWorld(
  options: {
    readonly pages?: readonly string[];
    readonly numbers?: readonly string[];
    readonly sim?: Partial<MetaSimulatorOptions>;
    /** More of the configuration. */
    readonly more?: (folder: string) => object;
  } = {},
): Promise<MetaWorld> {
  const simulator = await MetaSimulator.start({
    pageId: PAGE,
    accessToken: TOKEN,
    appSecret: APP_SECRET,
    requireAppSecretProof: true,
    appId: APP,
    ...options.sim,
  });
  onTestFinished(() => simulator.close());
  const path = folder();
  const secret = (name: string, value: string): string => {
    writeFileSync(join(path, name), value);
    return `file:${join(path, name)}`;
  };
  const account = (id: string): object => ({
    id,
    accessToken: secret('token', TOKEN),
    app: APP,
    route: 'desk',
  });
  const config = join(path, 'gateway.yaml');
  const yaml = {
    meta: {
      graphUrl: simulator.graphUrl,
      apps: [{ id: APP, secret: secret('secret', APP_SECRET), verifyToken: secret('verify', VERIFY_TOKEN) }],
      pages: (options.pages ?? [PAGE]).map(account),
      numbers: (options.numbers ?? []).map(account),
    },
    rtp: { address: '127.0.0.1', portMin: 0, portMax: 0 },
    trunks: { phone: { host: '127.0.0.1', user: '100' } },
    routes: { desk: { targets: [{ trunk: 'phone' }] } },
    ...options.more?.(path),
  };
  writeFileSync(config, JSON.stringify(yaml));
  const run = (...args: string[]): Promise<Said> => msgw([...args, '--config', config]);
  return {
    simulator,
    folder: path,
    config,
    run,
    json: async (...args) => {
      const { code, out, err } = await run(...args, '--json');
      if (err !== '') throw new Error(`with --json nothing is left to say: ${err}`);
      return { code, ...(JSON.parse(out) as object) };
    },
  };
}

/** Runs the command in this process with its output taken; usage errors end the process and need a child. */
export async function msgw(args: readonly string[]): Promise<Said> {
  const lines = { out: '', err: '' };
  const take = (key: 'out' | 'err') => (line: unknown) => {
    lines[key] += `${String(line)}\n`;
  };
  const log = vi.spyOn(console, 'log').mockImplementation(take('out'));
  const error = vi.spyOn(console, 'error').mockImplementation(take('err'));
  const before = process.exitCode;
  try {
    process.exitCode = undefined;
    await program().parseAsync([...args], { from: 'user' });
    return { code: Number(process.exitCode ?? 0), ...lines };
  } finally {
    process.exitCode = before;
    log.mockRestore();
    error.mockRestore();
  }
}
