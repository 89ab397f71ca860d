import type { Command } from 'commander';
import { adminOptions } from './admin-options.ts';
import type { HealthFlags } from './health-command.ts';

/** `msgw health`: for health checks of containers and of whoever watches. */
export function healthCommand(msgw: Command): void {
  adminOptions(msgw.command('health').description('whether the gateway lives, and takes calls'))
    .option('--ready', 'exit code 1 also when it takes no calls: it drains, or SIP or media is down')
    .addHelpText(
      'after',
      [
        '',
        'Exit code: 0 when it lives, 1 when nobody answers. No token is needed.',
        '',
        'Example:',
        '  msgw health --config gateway.yaml',
        '  msgw health --ready --admin-url unix:/run/msgw/admin.sock',
      ].join('\n'),
    )
    .action(async (flags: HealthFlags) => {
      const { healthRun } = await import('./health-command.ts');
      process.exitCode = await healthRun(flags);
    });
}
