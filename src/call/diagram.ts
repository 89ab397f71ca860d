import { CALL_STATES, type CallStateName } from '../shared/call-states.ts';
import { LIVE, type Row, TABLE } from './table.ts';

const BEGIN = '<!-- call diagram: generated from table.ts by callDiagram() -->';
const END = '<!-- end of call diagram -->';

const FENCE = '```';

/** Where the composite state's own rows are drawn from: an any-state row is drawn once. */
const LIVE_ROWS: ReadonlySet<readonly Row[]> = new Set(Object.values(LIVE));

type Source = CallStateName | 'live' | '[*]';

/**
 * The call as a Mermaid state diagram. Rows that move, an edge for each pair of states, labelled with
 * event and guard; rows that stay are left out (see `callTable`).
 */
export function callDiagram(): string {
  const edges = collectEdges();
  const isInner = ([from, to]: Edge): boolean => isLive(from) && isLive(to);
  return [
    'stateDiagram-v2',
    '  state live {',
    ...edges.filter((edge) => isInner(edge)).map((edge) => `    ${print(edge)}`),
    '  }',
    ...edges.filter((edge) => !isInner(edge)).map((edge) => `  ${print(edge)}`),
    '  ended --> [*]',
  ].join('\n');
}

/** Every row of the table as Markdown, for the documentation. */
export function callTable(): string {
  const lines = ['| state | event | if | next | does |', '| --- | --- | --- | --- | --- |'];
  for (const state of CALL_STATES) {
    for (const [event, rows] of Object.entries(TABLE[state])) {
      for (const { when, to, act } of rows) {
        const does = act.map(({ label }) => label).join(', ');
        lines.push(`| ${state} | ${event} | ${when?.label ?? ''} | ${to ?? ''} | ${does} |`);
      }
    }
  }
  return lines.join('\n');
}

/** The README with its diagram renewed: what stands between the two markers is replaced. Throws without markers. */
export function withDiagram(readme: string): string {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin < 0 || end < begin) throw new Error('the markers of the call diagram are missing');
  const block = `${BEGIN}\n${FENCE}mermaid\n${callDiagram()}\n${FENCE}\n`;
  return readme.slice(0, begin) + block + readme.slice(end);
}

type Edge = readonly [from: Source, to: CallStateName, labels: readonly string[]];

function collectEdges(): Edge[] {
  const edges = new Map<string, [Source, CallStateName, string[]]>();
  for (const state of CALL_STATES) {
    for (const [event, rows] of Object.entries(TABLE[state])) {
      const from: Source = state === 'new' ? '[*]' : LIVE_ROWS.has(rows) ? 'live' : state;
      for (const to of new Set(rows.map((row) => row.to))) {
        if (!to) continue;
        const key = `${from} ${to}`;
        const edge = edges.get(key) ?? [from, to, []];
        edges.set(key, edge);
        for (const label of labels(event, rows, to)) if (!edge[2].includes(label)) edge[2].push(label);
      }
    }
  }
  return [...edges.values()];
}

/** `event`, when it always leads there; otherwise one label for each guard, and `else` for the last row. */
function labels(event: string, rows: readonly Row[], to: CallStateName): string[] {
  if (rows.every((row) => row.to === to)) return [event];
  return rows.filter((row) => row.to === to).map(({ when }) => `${event} (${when?.label ?? 'else'})`);
}

function isLive(state: Source): boolean {
  return CALL_STATES.includes(state as CallStateName) && !['new', 'ending', 'ended'].includes(state);
}

function print([from, to, labels]: Edge): string {
  return `${from} --> ${to}: ${labels.join(', ')}`;
}
