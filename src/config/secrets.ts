import { type ModeOf, openFile } from './file-mode.ts';
import type { ConfigProblem } from './problem.ts';

/** Where values written as `${NAME}` and `file:/path` come from. */
export interface SecretSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Throws when the file cannot be read. */
  readonly readFile: (path: string) => string;
  /** Why no file can be made in a folder; undefined when one can. Without it folders are not looked at. */
  readonly folderProblem?: (path: string) => string | undefined;
  /** Without it permissions are not looked at. */
  readonly modeOf?: ModeOf;
  /** The file that the text is of, whose permissions count where a secret is written into it. */
  readonly file?: string;
  /** Secrets are neither read nor looked at. */
  readonly leavesSecrets?: boolean;
}

export type Found = Pick<ConfigProblem, 'message' | 'remedy'> & {
  /** It is no reason not to start. */
  readonly isWarning?: true;
  /** It is no problem: it was not asked for. */
  readonly isLeft?: true;
};

const NAMED = /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/;

/** Whether a text stands for one that could not be had: whatever it is checked against would be amiss for that alone. */
export const isUnresolved = (value: string, isSecret = false): boolean =>
  NAMED.test(value) || (isSecret && value.startsWith('file:'));

/** Replaces `${NAME}` in any text and `file:` in secrets; reports what is missing. Returns the value to use. */
export function resolveText(
  value: string,
  isSecret: boolean,
  sources: SecretSources,
  report: (problem: Found) => void,
): string {
  if (isSecret && sources.leavesSecrets) {
    report({ message: 'a secret is not asked for.', remedy: '', isLeft: true });
    return value;
  }
  const name = NAMED.exec(value)?.[1];
  const found =
    name !== undefined
      ? fromEnvironment(name, sources, report)
      : isSecret && value.startsWith('file:')
        ? fromFile(value.slice(5), sources, report)
        : undefined;
  if (found !== undefined) {
    if (isSecret && (found !== found.trim() || /[\r\n]/.test(found))) {
      report({
        message: 'the secret begins or ends with white space, or has several lines.',
        remedy: `Correct the ${name === undefined ? 'file' : `value of ${name}`}: it was probably copied with something around it.`,
      });
    }
    return found;
  }
  if (name === undefined && !(isSecret && value.startsWith('file:')))
    reportLiteral(value, isSecret, sources, report);
  return value;
}

function reportLiteral(
  value: string,
  isSecret: boolean,
  { file, modeOf }: SecretSources,
  report: (problem: Found) => void,
): void {
  if (isSecret) {
    const open = file === undefined ? undefined : openFile(file, modeOf);
    if (open) report({ ...open, isWarning: true });
    report({
      message: 'a secret is written into the file.',
      remedy: 'Put it into the environment and write ${NAME}, or into a file and write file:/path.',
    });
  } else if (value.includes('${')) {
    // Taken as it stands it would be a host or a path of that very name.
    report({
      message: '${NAME} must be the whole value, and NAME letters, digits and _.',
      remedy: 'Put the whole value into one environment variable.',
    });
  }
}

function fromEnvironment(
  name: string,
  sources: SecretSources,
  report: (problem: Found) => void,
): string | undefined {
  const found = Object.hasOwn(sources.env, name) ? sources.env[name] : undefined;
  if (found) return found;
  report({
    message: `the environment variable ${name} is ${found === '' ? 'empty' : 'not set'}.`,
    remedy: `Set ${name} for the process that runs the gateway.`,
  });
  return undefined;
}

function fromFile(
  path: string,
  sources: SecretSources,
  report: (problem: Found) => void,
): string | undefined {
  try {
    // Editors and `echo` end a file with a line end.
    const content = sources.readFile(path).replace(/[\r\n]+$/, '');
    const open = openFile(path, sources.modeOf);
    if (open) report({ ...open, isWarning: true });
    if (content !== '') return content;
    report({ message: `the file ${path} is empty.`, remedy: 'Write the secret into it.' });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    report({
      message: `the file ${path} cannot be read (${reason}).`,
      remedy: 'Check its path and permissions.',
    });
  }
  return undefined;
}
