import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { adminOptions } from './admin-options.ts';
import type { DirectoryFlags, DirectoryWish } from './directory-command.ts';

const WHERE =
  '\nAsks the running gateway on its admin port; when nothing listens there, works on the file of outbound.directory.path of --config itself.';

export function directoryCommand(msgw: Command): void {
  const directory = msgw.command('directory').description('short numbers of consumers, as phones dial them');
  options(directory.command('list').description('list the numbers'))
    .option('--page <id>', 'only those of this Page')
    .addHelpText(
      'after',
      `${WHERE}\n\nExample:\n  msgw directory list\n  msgw directory list --config gateway.yaml`,
    )
    .action((flags: DirectoryFlags) => run(flags, { does: 'list' }));
  options(
    directory
      .command('set')
      .description('give a consumer a number, in place of any before')
      .argument('<number>', 'what phones dial: 0-9, * and #', number)
      .argument('<psid>', 'the consumer', consumer),
  )
    .option('--page <id>', 'the Page that the PSID is of; default: the only one there is')
    .addHelpText(
      'after',
      `${WHERE}\n\nExample:\n  msgw directory set 700123 7654321098765432 --config gateway.yaml`,
    )
    .action((to: string, psid: string, flags: DirectoryFlags) =>
      run(flags, { does: 'set', number: to, psid }),
    );
  options(
    directory
      .command('remove')
      .description('take a number away; it is in redial lists, so it is not given to others by itself')
      .argument('<number>', 'the number', number),
  )
    .addHelpText('after', `${WHERE}\n\nExample:\n  msgw directory remove 700123 --config gateway.yaml`)
    .action((which: string, flags: DirectoryFlags) => run(flags, { does: 'remove', number: which }));
}

function options(command: Command): Command {
  return adminOptions(command, 'of which only admin is read while a gateway runs').option(
    '--offline',
    'work on the file of --config without asking; no gateway may have it open',
  );
}

async function run(flags: DirectoryFlags, wish: DirectoryWish): Promise<void> {
  const { directoryRun } = await import('./directory-command.ts');
  process.exitCode = await directoryRun(flags, wish);
}

function number(text: string): string {
  if (/^[0-9*#]{1,20}$/.test(text)) return text;
  throw new InvalidArgumentError('Up to 20 of 0-9, * and #.');
}

function consumer(text: string): string {
  if (/^[A-Za-z0-9._-]{1,128}$/.test(text)) return text;
  throw new InvalidArgumentError('A PSID is digits; call records and INVITEs (X-Meta-Psid) show it.');
}
