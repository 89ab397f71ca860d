import type { CommandWords, OptionWords, Takes } from './tree.ts';
import { valueCases } from './words.ts';

/** For a file in `~/.config/fish/completions`. Pure. */
export function fishCompletion(tree: readonly CommandWords[]): string {
  const cases = valueCases(tree);
  return [
    '# fish completion of msgw; made by: msgw completion fish',
    'function __msgw_at',
    '  set -l at msgw',
    '  set -l skip 0',
    '  set -l words (commandline -opc)',
    '  for word in $words[2..-1]',
    '    if test $skip = 1',
    '      set skip 0',
    '      continue',
    '    end',
    '    switch "$at $word"',
    `      case ${cases.flatMap(({ where }) => where.map(quoted)).join(' ')}`,
    '        set skip 1',
    '        continue',
    '    end',
    '    switch "$at/$word"',
    `      case ${tree
      .slice(1)
      .map(({ path }) => quoted(path))
      .join(' ')}`,
    '        set at "$at/$word"',
    '    end',
    '  end',
    '  test $at = $argv[1]',
    'end',
    'complete -c msgw -f',
    ...tree.flatMap(commandLines),
    '',
  ].join('\n');
}

function commandLines({ path, commands, choices, options, takesFile }: CommandWords): string[] {
  const when = `complete -c msgw -n '__msgw_at ${path}'`;
  return [
    ...commands.map(({ name, description }) => `${when} -a ${quoted(name)} -d ${quoted(description)}`),
    ...(choices.length > 0 ? [`${when} -a ${quoted(choices.join(' '))}`] : []),
    ...(takesFile ? [`${when} -F`] : []),
    ...options.map((option) => `${when} ${optionWords(option)}`),
  ];
}

function optionWords({ names, description, takes }: OptionWords): string {
  const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  return [...flags, ...(takes ? [valueWords(takes)] : []), `-d ${quoted(description)}`].join(' ');
}

function valueWords(takes: Takes): string {
  if (takes.kind === 'one-of') return `-x -a ${quoted(takes.choices.join(' '))}`;
  return {
    file: '-r -F',
    folder: "-x -a '(__fish_complete_directories)'",
    anything: '-x',
  }[takes.kind];
}

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
