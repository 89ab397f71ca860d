import type { ConfigProblem } from './problem.ts';

/** Where values written as `${NAME}` and `file:/path` come from. */
export interface SecretSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Throws when the file cannot be read. */
  readonly readFile: (path: string) => string;
}

type Path = readonly (string | number)[];
type Found = Pick<ConfigProblem, 'message' | 'remedy'>;

/** Replaces `${NAME}` in any text and `file:` in secrets; reports what is missing. Returns the value to use. */
export function resolveText(
  value: string,
  isSecret: boolean,
  sources: SecretSources,
  report: (problem: Found) => void,
): string {
  if (isSecret && value.startsWith('file:')) return fromFile(value.slice(5), sources, report);
  const name = /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/.exec(value)?.[1];
  if (name === undefined) {
    if (isSecret) {
      report({
        message: 'a secret is written into the file.',
        remedy: 'Put it into the environment and write ${NAME}, or into a file and write file:/path.',
      });
    }
    return value;
  }
  const found = sources.env[name];
  if (found) return found;
  report({
    message: `the environment variable ${name} is ${found === '' ? 'empty' : 'not set'}.`,
    remedy: `Set ${name} for the process that runs the gateway.`,
  });
  return value;
}

function fromFile(path: string, sources: SecretSources, report: (problem: Found) => void): string {
  try {
    const content = sources.readFile(path).replace(/\r?\n$/, '');
    if (content !== '') return content;
    report({ message: `the file ${path} is empty.`, remedy: 'Write the secret into it.' });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    report({
      message: `the file ${path} cannot be read (${reason}).`,
      remedy: 'Check its path and permissions.',
    });
  }
  return `file:${path}`;
}

/** `['meta', 'pages', 0, 'route']` as `meta.pages[0].route`. */
export function keyOf(path: Path): string {
  return path.reduce<string>((key, part) => {
    if (typeof part === 'number') return `${key}[${part}]`;
    return key === '' ? part : `${key}.${part}`;
  }, '');
}
