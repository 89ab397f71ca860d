import type { ConfigProblem } from '../config/index.ts';
import type { GraphFailure } from '../meta/index.ts';

/** 0: done, or as wanted. 1: refused, or not as wanted. 2: wrong usage or configuration. */
export type ExitCode = 0 | 1 | 2;

/** Something that is wrong, and what to do about it. */
export interface Problem {
  /** The option, key or field that it is about. */
  readonly field: string;
  readonly message: string;
  readonly remedy?: string;
  readonly [more: string]: unknown;
}

/** What a command says, for people and for programs. */
export interface Answer {
  readonly exitCode: ExitCode;
  /** With `--json`, beside `ok` and `problems`. */
  readonly json: object;
  /** Without it, to standard output. */
  readonly lines: readonly string[];
  /** To standard error without `--json`. */
  readonly problems?: readonly Problem[];
}

export const said = (json: object, lines: readonly string[]): Answer => ({ exitCode: 0, json, lines });

/** Meta or the gateway said no. */
export const refused = (...problems: readonly Problem[]): Answer => ({
  exitCode: 1,
  json: {},
  lines: [],
  problems,
});

/** It was not even tried. */
export const misused = (...problems: readonly Problem[]): Answer => ({
  ...refused(...problems),
  exitCode: 2,
});

export function failed(failure: GraphFailure): Answer {
  return refused(problemOf(failure));
}

export function problemOf(failure: GraphFailure): Problem {
  const { kind, message, remedy, code, subcode, httpStatus, fbtraceId, retryAfterS } = failure;
  const more = { kind, code, subcode, httpStatus, fbtraceId, retryAfterS };
  const known = Object.entries(more).filter(([, value]) => value !== undefined);
  return { field: 'graph', message, ...(remedy ? { remedy } : {}), ...Object.fromEntries(known) };
}

/** Problems of the configuration. */
export function misconfigured(file: string, problems: readonly ConfigProblem[]): Answer {
  return misused(
    ...problems.map(({ key, line, column, message, remedy }) => ({
      field: key || '--config',
      message,
      remedy,
      ...(line > 0 ? { file, line, column } : { file }),
    })),
  );
}

/** Prints it; returns its exit code. With `--json` standard output gets one object and nothing else. */
export function give(answer: Answer, json: boolean): ExitCode {
  const { exitCode, lines, problems = [] } = answer;
  if (json) {
    const all = { ok: exitCode === 0, ...answer.json, ...(problems.length > 0 ? { problems } : {}) };
    console.log(JSON.stringify(all));
    return exitCode;
  }
  for (const line of lines) console.log(line);
  for (const problem of problems) console.error(lineOf(problem));
  return exitCode;
}

function lineOf({ field, message, remedy, file, line, column }: Problem): string {
  // The gateway that runs tells lines of its own file, by whatever name it was started with.
  const name = file === undefined ? 'line ' : `${String(file)}:`;
  const place = line === undefined ? '' : `${name}${String(line)}:${String(column)}: `;
  return `${place}${field}: ${message}${remedy ? ` Remedy: ${remedy}` : ''}`;
}
