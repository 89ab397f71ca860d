import { type Command, InvalidArgumentError } from 'commander';
import type { Account } from '../gateway/accounts.ts';
import type { Answer } from './answer.ts';
import type { PageContext } from './page-command.ts';

/** The options of every command that speaks with Meta in a Page's name. */
export interface PageFlags {
  readonly config: string;
  readonly page?: string;
  readonly json?: boolean;
}

/** Adds them. */
export function pageOptions(command: Command): Command {
  return jsonOption(
    command
      .requiredOption('-c, --config <file>', 'the YAML configuration')
      .option('--page <id>', 'the Page; default: the only one of the configuration'),
  );
}

export function jsonOption(command: Command): Command {
  return command.option('--json', 'print one JSON object');
}

/** Runs such a command; what it needs is loaded now, so that `--help` is instant. */
export async function onPage(
  flags: PageFlags,
  act: (context: PageContext) => Promise<Answer>,
): Promise<void> {
  const { runOnPage } = await import('./page-command.ts');
  process.exitCode = await runOnPage(flags, act);
}

/** The same for commands that WhatsApp numbers have as well. */
export async function onAccount(flags: PageFlags, act: (account: Account) => Promise<Answer>): Promise<void> {
  const { runOnAccount } = await import('./page-command.ts');
  process.exitCode = await runOnAccount(flags, act);
}

/** A page-scoped id, or a wa_id: digits. */
export function psid(text: string): string {
  if (/^\d{1,20}$/.test(text)) return text;
  throw new InvalidArgumentError('A PSID is digits; call records and INVITEs (X-Meta-Psid) show it.');
}

/** A whole number within bounds. */
export function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    if (/^\d{1,9}$/.test(text) && Number(text) >= min && Number(text) <= max) return Number(text);
    throw new InvalidArgumentError(`A whole number from ${min} to ${max} is needed.`);
  };
}

/** A parser that tells its choices, so that shells can complete them. */
export function oneOf(
  ...choices: string[]
): ((value: string) => string) & { readonly choices: readonly string[] } {
  const parse = (value: string): string => {
    if (choices.includes(value)) return value;
    throw new InvalidArgumentError(`Choose one of: ${choices.join(', ')}.`);
  };
  return Object.assign(parse, { choices });
}
