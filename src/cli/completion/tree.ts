import type { Command } from 'commander';

/** What may stand after an option or as an argument. */
export type Takes =
  | { readonly kind: 'file' | 'folder' | 'anything' }
  | { readonly kind: 'one-of'; readonly choices: readonly string[] };

export interface OptionWords {
  /** `-c`, `--config` */
  readonly names: readonly string[];
  readonly description: string;
  /** Absent: it is a switch. */
  readonly takes?: Takes;
}

/** A command as a shell completes it. */
export interface CommandWords {
  /** `msgw/route/test` */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly OptionWords[];
  /** Of the arguments that have some. */
  readonly choices: readonly string[];
  /** An argument is a file. */
  readonly takesFile: boolean;
}

/** Every command below this one, itself first. */
export function commandTree(command: Command, path = command.name()): readonly CommandWords[] {
  const commands = command.commands.map((each) => ({ name: each.name(), description: each.description() }));
  const args = command.registeredArguments.map((argument) => ({
    choices: argument.argChoices ?? choicesOf(argument.parseArg),
    isFile: /^file$/i.test(argument.name()),
  }));
  const own: CommandWords = {
    path,
    commands,
    options: [...command.options.map(optionWords), HELP],
    choices: args.flatMap(({ choices }) => choices),
    takesFile: args.some(({ isFile }) => isFile),
  };
  return [own, ...command.commands.flatMap((each) => commandTree(each, `${path}/${each.name()}`))];
}

const HELP: OptionWords = { names: ['-h', '--help'], description: 'display help for command' };

function optionWords({
  short,
  long,
  flags,
  description,
  required,
  optional,
  argChoices,
  parseArg,
}: Command['options'][number]): OptionWords {
  const names = [short, long].filter((name) => name !== undefined);
  if (!required && !optional) return { names, description };
  const choices = argChoices ?? choicesOf(parseArg);
  if (choices.length > 0) return { names, description, takes: { kind: 'one-of', choices } };
  const value = /[<[]([^>\]]+)/.exec(flags)?.[1] ?? '';
  const kind = /^(file|pem)$/.test(value) ? 'file' : value === 'dir' ? 'folder' : 'anything';
  return { names, description, takes: { kind } };
}

/** Parsers of ours that know what they take say so. */
function choicesOf(parser: unknown): readonly string[] {
  const { choices } = (parser ?? {}) as { readonly choices?: unknown };
  return Array.isArray(choices) ? choices.map(String) : [];
}
