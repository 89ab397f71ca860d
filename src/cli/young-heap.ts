import { accessSync, constants } from 'node:fs';
import { url as inspectorUrl } from 'node:inspector';
import { SEMI_SPACE_MB } from '../shared/young-heap.ts';

/** What says whether, and with what, this process begins anew. */
export interface Begun {
  readonly platform: string;
  readonly execPath: string;
  /** Node's own arguments, without NODE_OPTIONS. */
  readonly execArgv: readonly string[];
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A debugger is attached, or may be. */
  readonly isDebugged: boolean;
  /** A parent talks to it through a channel of Node's, which would be cut. */
  readonly hasChannel: boolean;
  /** Node from 22.15 and 23.11 on; undefined before. Returns or throws only where it fails. */
  readonly replace:
    | ((file: string, args: readonly string[], env: Readonly<Record<string, string | undefined>>) => void)
    | undefined;
}

/**
 * Puts the same program in place of itself, in the same process, with a limit for the young generation of its heap: V8 takes that
 * for the main thread from the command line alone. Returns where that cannot be done, or where somebody set the limit; what is
 * lost then is memory.
 */
export function limitYoungHeap(begun: Begun = ofThisProcess()): void {
  const { platform, execPath, execArgv, argv, env, isDebugged, hasChannel, replace } = begun;
  if (!replace || platform === 'win32' || isDebugged || hasChannel) return;
  const said = [...execArgv, env['NODE_OPTIONS'] ?? ''].join(' ');
  if (/semi[-_]space[-_]size/.test(said) || !mayRun(execPath)) return;
  const again = [execPath, `--max-semi-space-size=${SEMI_SPACE_MB}`, ...execArgv, ...argv.slice(1)];
  try {
    replace(execPath, again, env);
  } catch {
    // Such as by Node's own --permission: it goes on as it is.
  }
}

/** Node ends with an abort where the system refuses: asked before. */
function mayRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function ofThisProcess(): Begun {
  const { platform, execPath, execArgv, argv, env } = process;
  return {
    platform,
    execPath,
    execArgv,
    argv,
    env,
    isDebugged: inspectorUrl() !== undefined,
    hasChannel: process.channel !== undefined,
    replace: process.execve ? (file, args, all) => process.execve?.(file, args, all) : undefined,
  };
}
