import { type Document, isCollection, isMap, isNode, LineCounter, parseDocument, visit } from 'yaml';
import type { ConfigPath, ConfigProblem } from './problem.ts';

export interface Place {
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
}

/** A YAML text as plain values, and where in the text each of them stands. */
export interface YamlFile {
  readonly value: unknown;
  /** The place of a key, or of the nearest parent that is written in the file. */
  placeOf(path: ConfigPath): Place;
}

/**
 * Reads YAML 1.2. Everything that would not mean what it looks like is a problem: grammar, keys that are there
 * twice, tags that nobody reads, aliases of nothing or of themselves. Never throws.
 */
export function readYaml(text: string): YamlFile | readonly ConfigProblem[] {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false, logLevel: 'error' });
  const at = (offset: number): Place => {
    const { line, col } = counter.linePos(offset);
    return { line, column: col };
  };
  const problems = [...document.errors, ...document.warnings].map(({ pos, code, message }) => ({
    key: code === 'DUPLICATE_KEY' ? (/^[\w-]+/.exec(text.slice(pos[0]))?.[0] ?? '') : '',
    ...at(pos[0]),
    ...(SAID[code] ?? {
      message: `this is no YAML: ${message}.`,
      remedy: 'Mend the line; indentation and quotes are the usual causes.',
    }),
  }));
  // What has errors already may have aliases that only look wrong.
  if (problems.length === 0) problems.push(...aliasProblems(document, at));
  if (problems.length > 0) return problems;
  try {
    return { value: document.toJS(), placeOf: (path) => at(offsetOf(document, path)) };
  } catch {
    return [
      { key: '', line: 1, column: 1, message: 'there are far too many aliases (*name).', remedy: WRITE_OUT },
    ];
  }
}

const WRITE_OUT = 'Write the value out where it is used.';

/** Where the library speaks to programmers. */
const SAID: Readonly<Record<string, { readonly message: string; readonly remedy: string }>> = {
  DUPLICATE_KEY: {
    message: 'this key is there twice.',
    remedy: 'Remove one of them, or put what they hold together.',
  },
  TAB_AS_INDENT: {
    message: 'the line is indented by a tab.',
    remedy: 'Indent with spaces.',
  },
  MULTIPLE_DOCS: {
    message: 'a second document begins here.',
    remedy: 'Remove the line with ---, or what comes after it.',
  },
  TAG_RESOLVE_FAILED: {
    message: 'this has a tag (!name) that is unknown here.',
    remedy: 'Remove it; ${NAME} takes a value from the environment, and file:/path a secret from a file.',
  },
};

function aliasProblems(document: Document, at: (offset: number) => Place): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  visit(document, {
    Pair: (_, { key }) => {
      if (!isCollection(key)) return;
      const message = 'a list or a group cannot be a key.';
      problems.push({
        key: '',
        ...at(key.range?.[0] ?? 0),
        message,
        remedy: 'Begin the line with the name of a key.',
      });
    },
    Alias: (_, alias, ancestors) => {
      const meant = alias.resolve(document);
      if (meant && !ancestors.includes(meant)) return;
      const message = meant
        ? `the alias *${alias.source} stands for something that holds it.`
        : `the alias *${alias.source} stands for nothing: no &${alias.source} comes before it.`;
      problems.push({ key: '', ...at(alias.range?.[0] ?? 0), message, remedy: WRITE_OUT });
    },
  });
  return problems;
}

function offsetOf(document: Document, path: ConfigPath): number {
  let node: unknown = document.contents;
  let offset = isNode(node) ? node.range?.[0] : undefined;
  for (const part of path) {
    if (!isCollection(node)) break;
    if (isMap(node)) {
      const pair = node.items.find(
        ({ key }) => isNode(key) && 'value' in key && String(key.value) === String(part),
      );
      if (!pair) break;
      offset = isNode(pair.key) ? pair.key.range?.[0] : offset;
      node = pair.value;
    } else {
      node = node.get(part, true);
      if (!isNode(node)) break;
      offset = node.range?.[0];
    }
  }
  return offset ?? 0;
}
