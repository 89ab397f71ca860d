/** `['meta', 'pages', 0, 'route']` */
export type ConfigPath = readonly (string | number)[];

/** One thing that is wrong with a configuration. */
export interface ConfigProblem {
  /** `meta.pages[0].route` */
  readonly key: string;
  /** From 1; 0 when the place is unknown. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly remedy: string;
  /** Of the error table, where it has a row of its own. */
  readonly code?: string;
}

/** One line each: `gateway.yaml:12:5: rtp.portMin: must be a whole number. Remedy: ...` */
export function formatProblems(fileName: string, problems: readonly ConfigProblem[]): string {
  return problems
    .map(({ key, line, column, message, remedy }) => {
      const place = line > 0 ? `${fileName}:${line}:${column}` : fileName;
      return `${place}: ${key ? `${key}: ` : ''}${message} Remedy: ${remedy}`;
    })
    .join('\n');
}

/** `['meta', 'pages', 0, 'route']` as `meta.pages[0].route`. */
export function keyOf(path: ConfigPath): string {
  return path.reduce<string>((key, part) => {
    if (typeof part === 'number') return `${key}[${part}]`;
    return key === '' ? part : `${key}.${part}`;
  }, '');
}

/** The candidate that is most like `word`, when one is near enough to be meant. */
export function suggestion(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  // As many changes as the word has letters would make anything of it.
  let bestDistance = Math.min(Math.max(2, Math.floor(word.length / 3)) + 1, word.length);
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      bestDistance = distance;
      best = candidate;
    }
  }
  return best;
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
