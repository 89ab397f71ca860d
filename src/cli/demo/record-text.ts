/** Columns of a terminal. */
const WIDTH = 100;

/**
 * A record as people read it: a line for each field, and one for each group of fields, its name before it; lines that are
 * too long go on below. Programs take --json. Pure.
 */
export function recordText(record: Readonly<Record<string, unknown>>): readonly string[] {
  const rows = rowsOf('', record);
  const column = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.flatMap(([name, words]) => {
    const lines: string[] = [];
    let line = name.padEnd(column);
    for (const [i, word] of words.entries()) {
      const text = i < words.length - 1 ? `${word}, ` : word;
      if (line.length + text.trimEnd().length > WIDTH && line.trim() !== '') {
        lines.push(line.trimEnd());
        line = ' '.repeat(column);
      }
      line += text;
    }
    return [...lines, line.trimEnd()];
  });
}

type Row = readonly [name: string, words: readonly string[]];

function rowsOf(path: string, group: object): readonly Row[] {
  const rows: Row[] = [];
  const own: string[] = [];
  for (const [key, value] of Object.entries(group)) {
    // JSON has none of these either.
    if (value === undefined) continue;
    const name = path === '' ? key : `${path}.${key}`;
    if (isGroup(value)) rows.push(...rowsOf(name, value));
    else if (path === '' || Array.isArray(value)) rows.push([name, wordsOf(value)]);
    else own.push(`${key} ${textOf(value)}`);
  }
  return own.length > 0 ? [[path, own], ...rows] : rows;
}

const isGroup = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const wordsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? (value.length === 0 ? ['none'] : value.map(textOf)) : [textOf(value)];

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
