import type { Command } from 'commander';
import { adminOptions } from './admin-options.ts';
import type { OperateFlags } from './operate-command.ts';
import { whole } from './page-options.ts';

/** `msgw pages`: what the gateway that runs knows of its Pages and WhatsApp numbers. */
export function pagesCommand(msgw: Command): void {
  list(
    msgw,
    'pages',
    'the Pages and WhatsApp numbers: their token, last webhook, and what keeps their calls from us',
  );
}

/** `msgw trunks`: what the gateway that runs knows of its trunks. */
export function trunksCommand(msgw: Command): void {
  list(msgw, 'trunks', 'the trunks: up or down, since when and why, their calls');
}

function list(msgw: Command, does: 'pages' | 'trunks', description: string): void {
  adminOptions(msgw.command(does).description(description))
    .option('--watch <seconds>', 'show them again every so many seconds, until Ctrl-C', whole(1, 3_600))
    .addHelpText('after', `\nExample:\n  msgw ${does} --config gateway.yaml --watch 5`)
    .action(async (flags: OperateFlags) => {
      const { operateRun } = await import('./operate-command.ts');
      process.exitCode = await operateRun(flags, { does });
    });
}
