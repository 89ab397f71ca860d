import { judge } from './judge.ts';
import { RFC4475 } from './rfc4475.ts';
import { RFC5118 } from './rfc5118.ts';
import type { Score } from './score.ts';
import { messageNames, tortureMessage } from './torture.ts';
import type { TortureCase } from './verdict.ts';

export type Say = (line: string) => void;

async function run(
  cases: readonly TortureCase[],
  message: (of: TortureCase) => Buffer,
  say: Say,
): Promise<Score> {
  const failed: string[] = [];
  for (const each of cases) {
    const faults = await judge(each, message(each)).catch((error: Error) => [error.message]);
    say(`${faults.length === 0 ? 'ok    ' : 'FAILED'} ${each.section} ${each.name}: ${each.says}`);
    for (const fault of faults) say(`         ${fault}`);
    if (faults.length > 0) failed.push(each.name);
  }
  return { passed: cases.length - failed.length, total: cases.length, failed };
}

export async function runRfc4475(say: Say): Promise<Score> {
  const judged = new Set(RFC4475.map(({ name }) => name));
  const missing = messageNames().filter((name) => !judged.has(name));
  const score = await run(RFC4475, ({ name }) => tortureMessage(name), say);
  return { ...score, total: score.total + missing.length, failed: [...score.failed, ...missing] };
}

export const runRfc5118 = (say: Say): Promise<Score> =>
  run(RFC5118, ({ name }) => RFC5118.find((each) => each.name === name)!.message, say);
