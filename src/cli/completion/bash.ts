import type { CommandWords, Takes } from './tree.ts';
import { namesOf, quoted, valueCases } from './words.ts';

/** For bash 3.2 and later, without the package bash-completion. Pure. */
export function bashCompletion(tree: readonly CommandWords[]): string {
  const cases = valueCases(tree);
  return [
    '# bash completion of msgw; made by: msgw completion bash',
    '_msgw() {',
    '  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} at=msgw word words= options= i',
    '  if [[ $cur == "=" ]]; then cur=; elif [[ $prev == "=" ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi',
    '  for ((i = 1; i < COMP_CWORD; i++)); do',
    '    word=${COMP_WORDS[i]}',
    '    case "$at $word" in',
    `      ${patterns(cases.flatMap(({ where }) => where))}) ((i++)); continue ;;`,
    '    esac',
    '    case "$at/$word" in',
    `      ${patterns(tree.slice(1).map(({ path }) => path))}) at=$at/$word ;;`,
    '    esac',
    '  done',
    '  case "$at $prev" in',
    ...cases.map(({ where, takes }) => `    ${patterns(where)}) ${valueWords(takes)}; return ;;`),
    '  esac',
    '  case "$at" in',
    ...tree.map(
      ({ path, commands, choices, options, takesFile }) =>
        `    ${quoted(path)}) words=${quoted([...commands.map(({ name }) => name), ...choices].join(' '))}; options=${quoted(namesOf(options).join(' '))}${takesFile ? '; words=file' : ''} ;;`,
    ),
    '  esac',
    `  if [[ $words == file && $cur != -* ]]; then ${FILES}; return; fi`,
    '  if [[ $cur == -* || -z $words ]]; then words=$options; fi',
    '  COMPREPLY=($(compgen -W "$words" -- "$cur"))',
    '}',
    'complete -F _msgw msgw',
    '',
  ].join('\n');
}

const FILES = 'compopt -o filenames 2>/dev/null; local IFS=$\'\\n\'; COMPREPLY=($(compgen -f -- "$cur"))';
const FOLDERS = FILES.replace('compgen -f', 'compgen -d');

function valueWords(takes: Takes): string {
  if (takes.kind === 'one-of')
    return `COMPREPLY=($(compgen -W ${quoted(takes.choices.join(' '))} -- "$cur"))`;
  return { file: FILES, folder: FOLDERS, anything: 'COMPREPLY=()' }[takes.kind];
}

const patterns = (words: readonly string[]): string => words.map(quoted).join('|');
