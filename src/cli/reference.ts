import type { Command } from 'commander';
import { program } from './program.ts';

/** The page of every command, from the commands themselves. */
export function cliReference(): string {
  const lines = [
    '# msgw',
    '',
    'Generated from `program.ts` (`npm run docs`). In a checkout: `npm run --silent msgw -- COMMAND`.',
    '',
  ];
  for (const command of program().commands) lines.push(...section(command));
  return `${lines.join('\n').trimEnd()}\n`;
}

function section(command: Command): string[] {
  const rows = command.options.map(({ flags, description, defaultValue }) => {
    const fallback = defaultValue === undefined ? '' : ` (default \`${String(defaultValue)}\`)`;
    return `| \`${flags}\` | ${description}${fallback} |`;
  });
  const table = rows.length > 0 ? ['| option | meaning |', '| --- | --- |', ...rows, ''] : [];
  return [`## msgw ${command.name()}`, '', `${command.description()}.`, '', ...table];
}
