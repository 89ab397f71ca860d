import type { CommandWords, Takes } from './tree.ts';
import { quoted, valueCases } from './words.ts';

/** A function for a folder of `fpath`, or for `source` after `compinit`. Pure. */
export function zshCompletion(tree: readonly CommandWords[]): string {
  const cases = valueCases(tree);
  return [
    '#compdef msgw',
    '# zsh completion of msgw; made by: msgw completion zsh',
    '_msgw() {',
    '  local at=msgw word i',
    '  local -a list options',
    '  for ((i = 2; i < CURRENT; i++)); do',
    '    word=${words[i]}',
    '    case "$at $word" in',
    `      (${patterns(cases.flatMap(({ where }) => where))}) ((i++)); continue ;;`,
    '    esac',
    '    case "$at/$word" in',
    `      (${patterns(tree.slice(1).map(({ path }) => path))}) at=$at/$word ;;`,
    '    esac',
    '  done',
    '  local option=${words[CURRENT-1]}',
    '  if [[ $PREFIX == --*=* ]]; then option=${PREFIX%%=*}; compset -P 1 "*="; fi',
    '  case "$at $option" in',
    ...cases.map(({ where, takes }) => `    (${patterns(where)}) ${valueWords(takes)}; return ;;`),
    '  esac',
    '  case "$at" in',
    ...tree.flatMap(({ path, commands, choices, options, takesFile }) => [
      `    (${quoted(path)})`,
      `      list=(${[...commands, ...choices.map((name) => ({ name, description: '' }))].map(described).join(' ')})`,
      `      options=(${options.flatMap(({ names, description }) => names.map((name) => described({ name, description }))).join(' ')})`,
      ...(takesFile ? ['      [[ $PREFIX == -* ]] || { _files; return }'] : []),
      '      ;;',
    ]),
    '  esac',
    '  if [[ $PREFIX == -* || $#list == 0 ]]; then _describe -o option options; else _describe command list; fi',
    '}',
    'if [[ $funcstack[1] == _msgw ]]; then _msgw "$@"; else compdef _msgw msgw; fi',
    '',
  ].join('\n');
}

function valueWords(takes: Takes): string {
  if (takes.kind === 'one-of') return `compadd -- ${takes.choices.map(quoted).join(' ')}`;
  return { file: '_files', folder: '_files -/', anything: ':' }[takes.kind];
}

/** `name:description`, as `_describe` wants it. */
function described({ name, description }: { readonly name: string; readonly description: string }): string {
  return quoted(
    `${name.replaceAll(':', '\\:')}${description === '' ? '' : `:${description.replaceAll(':', '\\:')}`}`,
  );
}

const patterns = (words: readonly string[]): string => words.map(quoted).join('|');
