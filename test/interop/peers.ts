import { spawnSync } from 'node:child_process';

/** Whether a real peer is on this machine. In CI a missing one fails; elsewhere the test is left out aloud. */
export function hasPeer(command: string, debianPackage: string): boolean {
  if (spawnSync('which', [command]).status === 0) return true;
  if (process.env['CI']) throw new Error(`${command} is missing: apt-get install ${debianPackage}`);
  console.warn(`SKIPPED: ${command} is not here (apt-get install ${debianPackage}); its tests did not run`);
  return false;
}
