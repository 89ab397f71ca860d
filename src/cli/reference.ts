import type { Command } from 'commander';
import { program } from './program.ts';

/** The page of every command, from the commands themselves. */
export function cliReference(): string {
  const lines = [
    '# msgw',
    '',
    'Generated from the commands themselves (`npm run docs`). In a checkout: `npm run --silent msgw -- COMMAND`.',
    '',
  ];
  for (const command of program().commands) lines.push(...section(command));
  return `${lines.join('\n').trimEnd()}\n`;
}

function section(command: Command, parents = ''): string[] {
  const name = `${parents}${command.name()}`;
  if (command.commands.length > 0) return command.commands.flatMap((each) => section(each, `${name} `));
  const args = command.registeredArguments.map(
    (argument) => `| \`<${argument.name()}>\` | ${argument.description} |`,
  );
  const rows = command.options.map(({ flags, description, defaultValue }) => {
    const fallback = defaultValue === undefined ? '' : ` (default \`${String(defaultValue)}\`)`;
    return `| \`${flags}\` | ${description}${fallback} |`;
  });
  const table = [...args, ...rows];
  const head = table.length > 0 ? ['| option | meaning |', '| --- | --- |', ...table, ''] : [];
  return [`## msgw ${name}`, '', `${command.description()}.`, '', ...head];
}
