import type { Command } from 'commander';
import { jsonOption, oneOf, whole } from './page-options.ts';
import type { RouteFlags } from './route-command.ts';

export function routeCommand(msgw: Command): void {
  const route = msgw.command('route').description('where calls of consumers go');
  jsonOption(
    route
      .command('test')
      .description('say which routing rule a call would fit, why no earlier one, and whom it would ring')
      .requiredOption('-c, --config <file>', 'the YAML configuration')
      .option('--page <id>', 'the Page or number that is called; default: the only one of the configuration')
      .option('--platform <name>', 'messenger or whatsapp', oneOf('messenger', 'whatsapp'))
      .option('--at <time>', 'when, such as 2026-12-24T18:30; default: now')
      .option('--zone <name>', 'time zone of --at; default: that of the schedules')
      .option('--caller <id>', 'who calls: a PSID or wa_id, or a short number of the directory', 'nobody')
      .option('--known', 'the caller called before')
      .option('--language <locale>', "the caller's language, such as de_DE")
      .option('--load <n>', 'calls that are up', whole(0, 100_000), 0)
      .option('--busy-trunk <names...>', 'trunks that take no call')
      .option(
        '--expect <what>',
        'route:NAME, announce:NAME or reject: exit code 1 when it is something else',
      ),
  )
    .addHelpText(
      'after',
      '\nExample:\n  msgw route test --config gateway.yaml --at 2026-12-24T18:30 --expect announce:closed',
    )
    .action(async (flags: RouteFlags) => {
      const { routeTest } = await import('./route-command.ts');
      process.exitCode = await routeTest(flags);
    });
}
