/** One row of `test/interop/results.json`: tests that passed, by peer. */
interface Row {
  readonly feature: string;
  readonly ci: Readonly<Record<string, number>>;
  readonly hand: Readonly<Record<string, number>>;
}

const BEGIN =
  '<!-- interop: generated from test/interop/results.json, which `npm run test:interop` writes -->';
const END = '<!-- /interop -->';

/**
 * The page with the matrix of peers and features between its markers made anew.
 *
 * @param page text of the README @param results text of `test/interop/results.json`
 * @throws when the page has no markers
 */
export function withInteropMatrix(page: string, results: string): string {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`the page has no ${BEGIN} and ${END}`);
  return `${page.slice(0, from + BEGIN.length)}\n\n${matrix(results)}\n\n${page.slice(to)}`;
}

/** The matrix as a Markdown table. */
export function matrix(results: string): string {
  const { peers, rows } = JSON.parse(results) as { peers: readonly string[]; rows: readonly Row[] };
  const cell = (row: Row, peer: string): string => {
    if (row.ci[peer] !== undefined) return `CI (${row.ci[peer]})`;
    return row.hand[peer] === undefined ? '-' : `by hand (${row.hand[peer]})`;
  };
  const table = [
    ['with the whole gateway', ...peers],
    ...rows.map((row) => [row.feature, ...peers.map((peer) => cell(row, peer))]),
  ];
  const widths = ['', ...peers].map((_, at) => Math.max(...table.map((cells) => (cells[at] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((each, at) => each.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = table;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}
