import type { ConfigPath } from './problem.ts';
import type { GatewayConfig } from './schema.ts';
import type { FoundWarning } from './warnings.ts';

/** Permissions of a file (st_mode); undefined where they say nothing. */
export type ModeOf = (path: string) => number | undefined;

/** Of others: read and write; of the group: write. */
const TOO_OPEN = 0o026;

/** Who else can have the secret that a file holds, or put another in its place; undefined: nobody. */
export function openFile(
  file: string,
  modeOf: ModeOf | undefined,
  tooOpen = TOO_OPEN,
): { readonly message: string; readonly remedy: string } | undefined {
  const mode = modeIfAny(file, modeOf);
  if ((mode & tooOpen) === 0) return undefined;
  const who = (mode & tooOpen & 0o004) !== 0 ? 'every user of this machine can read' : 'others can write';
  return {
    message: `${who} the file ${file} (mode ${(mode & 0o777).toString(8).padStart(3, '0')}).`,
    remedy: `Give it to the user who runs the gateway, alone: chmod 600 ${file}; in a container mount it with mode 0400.`,
  };
}

/** The configuration itself: who can write there sends calls and tokens where they like. */
export const writableByAll = (file: string, modeOf: ModeOf | undefined): ReturnType<typeof openFile> =>
  openFile(file, modeOf, 0o002);

/** Private keys that others can have: they are read as they are used, and are no secrets in the file. */
export function openKeyFiles({ sip, admin }: GatewayConfig, modeOf: ModeOf | undefined): FoundWarning[] {
  const keys: readonly (readonly [ConfigPath, string])[] = [
    ...sip.listen.flatMap(({ tls }, i) =>
      (tls?.certificates ?? []).map(
        ({ key }, n) => [['sip', 'listen', i, 'tls', 'certificates', n, 'key'], key] as const,
      ),
    ),
    ...(admin.tls ? [[['admin', 'tls', 'key'], admin.tls.key] as const] : []),
  ];
  return keys.flatMap(([path, file]) => {
    const found = openFile(file, modeOf);
    return found ? [{ path, ...found }] : [];
  });
}

/** A file that is not there is told of elsewhere. */
function modeIfAny(file: string, modeOf: ModeOf | undefined): number {
  try {
    return modeOf?.(file) ?? 0;
  } catch {
    return 0;
  }
}
