import type { Command } from 'commander';
import { oneOf } from '../page-options.ts';

/** `msgw completion SHELL`: a script that is made from the commands themselves. */
export function completionCommand(msgw: Command): void {
  msgw
    .command('completion')
    .description('print a script that completes msgw in a shell')
    .argument('<shell>', 'bash, zsh or fish', oneOf('bash', 'zsh', 'fish'))
    .addHelpText(
      'after',
      [
        '',
        'Example:',
        '  source <(msgw completion bash)        # in ~/.bashrc',
        '  source <(msgw completion zsh)         # in ~/.zshrc, after compinit',
        '  msgw completion fish > ~/.config/fish/completions/msgw.fish',
      ].join('\n'),
    )
    .action(async (shell: string) => {
      const { completionFor } = await import('./script.ts');
      process.stdout.write(completionFor(shell, msgw));
    });
}
