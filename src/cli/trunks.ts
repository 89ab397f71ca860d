import type { Command } from 'commander';
import { adminOptions } from './admin-options.ts';
import type { OperateFlags } from './operate-command.ts';
import { whole } from './page-options.ts';

/** `msgw trunks`: what the gateway that runs knows of its trunks. */
export function trunksCommand(msgw: Command): void {
  adminOptions(msgw.command('trunks').description('the trunks: up or down, since when and why, their calls'))
    .option('--watch <seconds>', 'show them again every so many seconds, until Ctrl-C', whole(1, 3_600))
    .addHelpText('after', '\nExample:\n  msgw trunks --config gateway.yaml --watch 5')
    .action(async (flags: OperateFlags) => {
      const { operateRun } = await import('./operate-command.ts');
      process.exitCode = await operateRun(flags, { does: 'trunks' });
    });
}
