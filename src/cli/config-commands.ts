import type { Command } from 'commander';
import { adminOptions } from './admin-options.ts';
import type { Level, LogLevelFlags } from './log-level-command.ts';
import { oneOf, whole } from './page-options.ts';
import type { ReloadFlags } from './reload-command.ts';

/** `msgw reload` and `msgw log-level`: the configuration and the log of the gateway that runs. */
export function configCommands(msgw: Command): void {
  adminOptions(
    msgw.command('reload').description('have the gateway take its configuration up again, without a restart'),
  )
    .option('--dry-run', 'only say what would be done')
    .addHelpText(
      'after',
      [
        '',
        'All of it is taken up, or nothing: a file with a problem changes nothing, and exit code 1 says so. Calls that are up',
        'go on as they began. What needs a restart is named (config/reference.md says of each key whether it does).',
        'The gateway reads the file that it was started with; --config only tells where its admin port is.',
        '',
        'Example:',
        '  msgw check --config gateway.yaml && msgw reload --config gateway.yaml',
      ].join('\n'),
    )
    .action(async (flags: ReloadFlags) => {
      const { reloadRun } = await import('./reload-command.ts');
      process.exitCode = await reloadRun(flags);
    });
  adminOptions(
    msgw
      .command('log-level')
      .description('show how much the gateway logs, or change it while it runs')
      .argument('[level]', 'debug (names consumers), info, warn, error or silent', level),
  )
    .option('--for <seconds>', 'then the configured level counts again', whole(1, 86_400))
    .addHelpText('after', '\nExample:\n  msgw log-level debug --for 600 --config gateway.yaml')
    .action(async (wanted: Level | undefined, flags: LogLevelFlags) => {
      if (wanted === undefined && flags.for !== undefined)
        return msgw.error('error: --for goes with a level only', { exitCode: 2 });
      const { logLevelRun } = await import('./log-level-command.ts');
      process.exitCode = await logLevelRun(wanted, flags);
    });
}

const level = oneOf('debug', 'info', 'warn', 'error', 'silent') as (text: string) => Level;
