import type { Command } from 'commander';
import { onPage, type PageFlags, pageOptions } from '../page-options.ts';

export interface SetupFlags extends PageFlags {
  readonly apply?: boolean;
  readonly webhookUrl?: string;
  readonly reach: boolean;
}

export function setupCommand(msgw: Command): void {
  pageOptions(
    msgw
      .command('setup')
      .description('walk through what a Page needs before calls reach the gateway, step by step')
      .option('--apply', 'make what is missing, in order, each step only when all before it are right')
      .option('--webhook-url <url>', "the gateway's public webhook URL; default: the one that Meta has")
      .option('--no-reach', 'do not ask the webhook URL from here (another network may be in between)'),
  )
    .addHelpText(
      'after',
      [
        '',
        'Steps: token, reachable, webhook, subscription, feature, audio, icon, routing, read-back.',
        'Nothing is changed without --apply. Exit code: 0 when nothing is missing, 1 when something is.',
        '',
        'Example:',
        '  msgw setup --config gateway.yaml',
        '  msgw setup --config gateway.yaml --webhook-url https://calls.example.com/webhook --apply',
      ].join('\n'),
    )
    .action((flags: SetupFlags) =>
      onPage(flags, async (context) => {
        const { setup } = await import('./walk.ts');
        return setup(context, flags);
      }),
    );
}
