import { asteriskMissing } from './tree.ts';

/** Whether Asterisk can run on this machine. In CI it must; elsewhere its tests are left out aloud. */
export function hasAsterisk(): boolean {
  const why = asteriskMissing();
  if (why === undefined) return true;
  const text = `no Asterisk 22: ${why}`;
  if (process.env['CI']) throw new Error(text);
  process.stderr.write(`SKIPPED: ${text}; tests with it did NOT run\n`);
  return false;
}
