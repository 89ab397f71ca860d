import { spawn } from 'node:child_process';

/**
 * Tells systemd how we are (sd_notify(3)), where it started us with Type=notify: by its own `systemd-notify`, because Node
 * has no datagrams of the Unix domain. Nothing elsewhere; a failure is systemd's to time out on.
 *
 * @param state such as `READY=1`, `STOPPING=1`
 */
export function notifyServiceManager(
  state: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): void {
  if (!env['NOTIFY_SOCKET']) return;
  // The state is that of our process, not of the one that tells it.
  const child = spawn('systemd-notify', [`--pid=${process.pid}`, state], { stdio: 'ignore', env });
  child.on('error', () => {});
  child.unref();
}
