import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasPeers } from '../../support/peer.ts';
import { freeUdpPort } from '../../support/ports.ts';

export const hasSipp = (): boolean => hasPeers('sipp');

export interface Sipp {
  readonly port: number;
  /** Resolves when all its calls were successful; rejects with what sipp logged. */
  readonly done: Promise<void>;
  readonly process: ChildProcess;
}

/**
 * Starts sipp on loopback; `target` for a caller. Its socket is open when this resolves.
 *
 * @param port default a free one
 */
export async function startSipp(args: readonly string[], target?: string, port?: number): Promise<Sipp> {
  return await start(args, target, port ?? (await freeUdpPort()));
}

async function start(args: readonly string[], target: string | undefined, port: number): Promise<Sipp> {
  const folder = mkdtempSync(join(tmpdir(), 'sipp-'));
  const errors = join(folder, 'errors.log');
  const child = spawn(
    'sipp',
    [
      '-i',
      '127.0.0.1',
      '-p',
      String(port),
      '-nostdin',
      '-trace_err',
      '-error_file',
      errors,
      '-timeout',
      '25s',
      '-timeout_error',
      ...args,
      ...(target ? [target] : []),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder, env: { ...process.env, TERM: 'dumb' } },
  );
  let output = '';
  child.stdout.on('data', (chunk) => {
    output = (output + String(chunk)).slice(-4000);
  });
  child.stderr.on('data', (chunk) => {
    output = (output + String(chunk)).slice(-4000);
  });
  const done = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      let log = '';
      try {
        log = readFileSync(errors, 'utf8').slice(0, 4000);
      } catch {
        // No errors, no file.
      }
      rmSync(folder, { recursive: true, force: true });
      if (code === 0) resolve();
      else reject(new Error(`sipp ${args.join(' ')} exited with ${code}\n${log}\n${output}`));
    });
  });
  // Somebody will await it; until then a failure must not count as unhandled.
  done.catch(() => {});
  if (!target) await bound(port, done);
  return { port, done, process: child };
}

/** Waits for sipp to have bound its port, by the kernel's list: a probing socket could take the port from it. */
async function bound(port: number, done: Promise<void>): Promise<void> {
  const entry = `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
  let ended = false;
  const end = (): void => {
    ended = true;
  };
  done.then(end, end);
  const isBound = (): boolean =>
    ['udp', 'tcp'].some((protocol) => readFileSync(`/proc/net/${protocol}`, 'utf8').includes(entry));
  while (!ended && !isBound()) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
