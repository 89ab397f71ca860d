import type { LegQuality } from '../../shared/leg-quality.ts';
import type { TraceView } from './entry.ts';
import { lossOf, sinceStart } from './words.ts';

interface Plot {
  readonly title: string;
  readonly unit: string;
  /** The axis goes up to this at least. */
  readonly least: number;
  /** Where it begins: 0. */
  readonly from?: number;
  readonly lines: readonly { readonly name: string; readonly points: readonly Point[] }[];
}

/** Seconds since the call began, and the value. */
type Point = readonly [x: number, y: number];
type Value = (leg: LegQuality) => number | undefined;

const WIDTH = 640;
const HEIGHT = 130;
const LEFT = 48;
const RIGHT = 8;
const TOP = 22;
const BOTTOM = 20;
/** Below it nobody hears anything, dBFS. */
const SILENCE_DB = -80;
const levelOf: Value = ({ levelDb }) => (levelDb === undefined ? undefined : Math.max(SILENCE_DB, levelDb));

const COLOURS = ['#1565c0', '#c62828', '#2e7d32', '#ef6c00'];

/** Quality over time, one SVG a measure; none where nothing was measured. */
export function qualityPlots(view: TraceView): string[] {
  const since = sinceStart(view);
  const samples = view.entries.flatMap(({ atMs, quality }) =>
    quality ? [{ x: since(atMs) / 1_000, quality }] : [],
  );
  const line = (name: string, leg: 'consumer' | 'phone', value: Value) => ({
    name,
    points: samples.flatMap(({ x, quality }): Point[] => {
      const y = value(quality[leg]);
      return y === undefined ? [] : [[x, y]];
    }),
  });
  const bothWays = (here: Value, there: Value) => [
    line('from consumer', 'consumer', here),
    line('from phone', 'phone', here),
    line('to consumer', 'consumer', there),
    line('to phone', 'phone', there),
  ];
  const each = (value: Value) => [line('consumer', 'consumer', value), line('phone', 'phone', value)];
  const remoteLoss: Value = ({ remoteLoss: loss }) => (loss === undefined ? undefined : loss * 100);
  const plots: Plot[] = [
    { title: 'loss', unit: '%', least: 2, lines: bothWays((leg) => lossOf(leg) * 100, remoteLoss) },
    {
      title: 'jitter',
      unit: 'ms',
      least: 20,
      lines: bothWays(
        ({ jitterMs }) => jitterMs,
        ({ remoteJitterMs }) => remoteJitterMs,
      ),
    },
    { title: 'round trip', unit: 'ms', least: 100, lines: each(({ roundTripMs }) => roundTripMs) },
    { title: 'MOS so far', unit: '', least: 4.5, lines: each(({ mos }) => mos) },
    { title: 'wait in the jitter buffer', unit: 'ms', least: 100, lines: each(({ bufferMs }) => bufferMs) },
    {
      title: 'loudest',
      unit: 'dBFS',
      from: SILENCE_DB,
      least: 0,
      lines: [line('from consumer', 'consumer', levelOf), line('from phone', 'phone', levelOf)],
    },
  ];
  return plots
    .map((plot) => ({ ...plot, lines: plot.lines.filter(({ points }) => points.length > 0) }))
    .filter(({ lines }) => lines.length > 0)
    .map(svg);
}

function svg({ title, unit, least, from = 0, lines }: Plot): string {
  const all = lines.flatMap(({ points }) => points);
  const maxX = Math.max(1, ...all.map(([x]) => x));
  const maxY = Math.max(least, ...all.map(([, y]) => y));
  const px = (x: number): string => (LEFT + (x / maxX) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const py = (y: number): string =>
    (HEIGHT - BOTTOM - ((y - from) / (maxY - from)) * (HEIGHT - TOP - BOTTOM)).toFixed(1);
  const drawn = lines.map(({ points }, i) => {
    const colour = COLOURS[i % COLOURS.length];
    const path = points.map(([x, y]) => `${px(x)},${py(y)}`).join(' ');
    const dots =
      points.length > 1
        ? ''
        : points.map(([x, y]) => `<circle cx="${px(x)}" cy="${py(y)}" r="2" fill="${colour}"/>`).join('');
    return `<polyline fill="none" stroke="${colour}" stroke-width="1.5" points="${path}"/>${dots}`;
  });
  const legend = lines.map(
    ({ name }, i) =>
      `<text x="${LEFT + 170 + i * 115}" y="13" fill="${COLOURS[i % COLOURS.length]}">${name}</text>`,
  );
  const unitOf = unit === '' ? '' : ` (${unit})`;
  return [
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}">`,
    `<text x="${LEFT}" y="13" font-weight="bold">${title}${unitOf}</text>`,
    ...legend,
    `<path d="M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH - RIGHT}" fill="none" stroke="#999"/>`,
    `<text x="${LEFT - 4}" y="${py(maxY)}" text-anchor="end" dominant-baseline="middle">${round(maxY)}</text>`,
    `<text x="${LEFT - 4}" y="${py(from)}" text-anchor="end" dominant-baseline="middle">${from}</text>`,
    `<text x="${WIDTH - RIGHT}" y="${HEIGHT - 6}" text-anchor="end">${round(maxX)} s</text>`,
    ...drawn,
    '</svg>',
  ].join('');
}

const round = (value: number): string => String(Math.round(value * 10) / 10);
