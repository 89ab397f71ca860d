import type { Condition, SimScript, Step } from './schema.ts';

export interface ScriptProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly remedy: string;
}

/** Names that nobody gave, or gave twice; conditions that can never be looked at. */
export function checkScript(script: SimScript): readonly ScriptProblem[] {
  const problems: ScriptProblem[] = [];
  const people = Object.keys(script.consumers ?? {});
  const calls = new Set<string>();
  const know = (
    path: readonly (string | number)[],
    kind: string,
    name: string | undefined,
    known: Iterable<string>,
  ): void => {
    const all = [...known];
    if (name === undefined || all.includes(name)) return;
    const remedy = all.length > 0 ? `There are: ${all.join(', ')}.` : `No ${kind} has a name before this.`;
    problems.push({ path, message: `no ${kind} is called "${name}" here.`, remedy });
  };
  const judge = (path: readonly (string | number)[], condition: Condition): void => {
    know([...path, 'call'], 'call', condition.call, calls);
    know([...path, 'consumer'], 'consumer', condition.consumer, people);
    problems.push(...conditionProblems(path, condition));
  };
  script.steps.forEach((step, i) => {
    const path = ['steps', i];
    const [kind = ''] = Object.keys(step);
    const begun = step.call ?? step.placed;
    if (begun) {
      const { as = 'call', consumer } = begun;
      know([...path, kind, 'consumer'], 'consumer', consumer, people);
      if (calls.has(as)) {
        const remedy = 'Give each call a name of its own with "as".';
        problems.push({ path: [...path, kind], message: `a call is called "${as}" already.`, remedy });
      }
      calls.add(as);
    }
    const looked = step.wait ?? step.expect;
    if (looked) judge([...path, kind], looked);
    know([...path, kind, 'call'], 'call', ofCall(step), calls);
    know([...path, kind, 'is'], 'consumer', step.consumer?.is, people);
  });
  script.expect?.forEach((condition, i) => {
    judge(['expect', i], condition);
  });
  return problems;
}

const ofCall = ({ dtmf, mute, video, hangup, elsewhere }: Step): string | undefined =>
  (dtmf ?? mute ?? video ?? hangup ?? elsewhere)?.call;

const OF_CALL = ['state', 'endedBy', 'action', 'status', 'heardHz', 'packetsAtLeast', 'lostAtMost'] as const;

function conditionProblems(path: readonly (string | number)[], condition: Condition): ScriptProblem[] {
  const problems: ScriptProblem[] = [];
  const say = (message: string, remedy: string): void => void problems.push({ path, message, remedy });
  const { call, request, event, times, consumer, permission, webhooksAnswered } = condition;
  const ofItsCall = OF_CALL.filter((key) => condition[key] !== undefined);
  if (ofItsCall.length > 0 && call === undefined)
    say(`${ofItsCall.join(', ')}: of which call?`, 'Add "call" with its name.');
  if ((permission === undefined) !== (consumer === undefined))
    say('consumer and permission go together.', 'Name both, or none.');
  if (times !== undefined && request === undefined && event === undefined)
    say('times: of what?', 'Add "request" or "event".');
  const looks =
    ofItsCall.length > 0 || [request, event, permission, webhooksAnswered].some((each) => each !== undefined);
  if (!looks)
    say('nothing is looked at.', 'Add "state", "request", "event", "permission" or another of these.');
  return problems;
}
