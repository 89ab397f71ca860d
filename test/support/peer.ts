import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** Programs (and header files) of Debian that tests talk to, and the package of each; `.ci/run` installs them. */
const PACKAGES = {
  sipp: 'sip-tester',
  sipsak: 'sipsak',
  baresip: 'baresip-core',
  linphonec: 'linphone-cli',
  kamailio: 'kamailio',
  gcc: 'gcc libc6-dev',
  'srtp2/srtp.h': 'libsrtp2-dev',
} as const;

export type PeerName = keyof typeof PACKAGES;

/** Whether real peers are on this machine. In CI a missing one fails; elsewhere its tests are left out aloud. */
export function hasPeers(...names: readonly PeerName[]): boolean {
  const missing = names.filter((name) => !isInstalled(name));
  if (missing.length === 0) return true;
  const text = `${missing.join(', ')} missing (apt-get install ${missing.map((name) => PACKAGES[name]).join(' ')})`;
  if (process.env['CI']) throw new Error(text);
  process.stderr.write(`SKIPPED: ${text}; tests with it did NOT run\n`);
  return false;
}

function isInstalled(command: string): boolean {
  // Root's path may lack the folders of daemons.
  return [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/usr/include'].some((folder) => {
    try {
      accessSync(join(folder, command), command.endsWith('.h') ? constants.R_OK : constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
