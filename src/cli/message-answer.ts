import type { MessageOutcome } from '../meta/index.ts';
import { type Answer, problemOf, refused, said } from './answer.ts';

/** What came of a message that is never sent twice. @param line what to tell people when it went out */
export function sent(outcome: MessageOutcome, line: string, again: string): Answer {
  if (outcome.ok) {
    const { messageId } = outcome;
    return said({ sent: true, ...(messageId ? { messageId } : {}) }, [line]);
  }
  const problem = problemOf(outcome.failure);
  // It may be on the consumer's screen already.
  return refused(outcome.failure.kind === 'ambiguous' ? { ...problem, remedy: again } : problem);
}
