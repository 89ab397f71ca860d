import type { Command } from 'commander';
import { jsonOption } from './page-options.ts';

/** `msgw init` and `msgw schema`: a configuration to begin with, and what an editor knows it by. */
export function initCommands(msgw: Command): void {
  jsonOption(
    msgw
      .command('init')
      .description('write a configuration to begin with, with comments; editors complete it by its schema')
      .argument('[file]', 'what is there already stays as it is; - is standard output', 'gateway.yaml'),
  )
    .addHelpText('after', '\nExample:\n  msgw init gateway.yaml')
    .action(async (file: string, { json = false }: { json?: boolean }) => {
      const { initRun } = await import('./init-command.ts');
      process.exitCode = initRun(file, json);
    });
  msgw
    .command('schema')
    .description('print the JSON Schema of the configuration, for editors')
    .addHelpText('after', '\nExample:\n  msgw schema > gateway.schema.json')
    .action(async () => {
      const { configJsonSchema } = await import('../config/index.ts');
      process.stdout.write(configJsonSchema());
    });
}
