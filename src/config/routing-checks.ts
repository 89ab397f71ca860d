import { type ConfigPath, suggestion } from './problem.ts';
import type { GatewayConfig } from './schema.ts';

interface Found {
  readonly path: ConfigPath;
  readonly message: string;
  readonly remedy: string;
}

type Wanted = Pick<GatewayConfig['routing']['rules'][number], 'route' | 'announce' | 'reject'>;

/** What can be announced besides files. */
const TONES = ['busy-tone', 'congestion-tone'];

export const AFTER = ['onBusy', 'onNoAnswer', 'onFailed'] as const;

/** Names that routing rules, schedules and routes use, and routes that would come round again. */
export function routingChecks(config: GatewayConfig): Found[] {
  const { routing, schedules, routes, sounds, trunks, meta } = config;
  const found: Found[] = [];
  const reference = (
    path: ConfigPath,
    name: string | undefined,
    known: readonly string[],
    where: string,
  ): void => {
    if (name === undefined || known.includes(name)) return;
    const meant = suggestion(name, known);
    const remedy = meant
      ? `Did you mean "${meant}"?`
      : `Use one of: ${known.join(', ') || 'none is configured'}.`;
    found.push({ path, message: `${where} has no "${name}".`, remedy });
  };
  const wanted = (path: ConfigPath, { route, announce, reject }: Wanted): void => {
    const given = [route, announce, reject].filter((each) => each !== undefined).length;
    if (given !== 1)
      found.push({
        path,
        message:
          given === 0
            ? 'nothing says what is done with the call.'
            : 'only one thing can be done with a call.',
        remedy: 'Give one of: route, announce, reject.',
      });
    reference([...path, 'route'], route, Object.keys(routes), 'routes');
    reference([...path, 'announce'], announce, [...TONES, ...Object.keys(sounds.files)], 'sounds.files');
  };
  for (const name of TONES.filter((each) => each in sounds.files))
    found.push({
      path: ['sounds', 'files', name],
      message: 'that is what `announce` calls a tone of the gateway.',
      remedy: 'Give the file another name.',
    });
  const ids = [...meta.pages, ...meta.numbers].map(({ id }) => id);
  routing.rules.forEach((rule, i) => {
    const path = ['routing', 'rules', i];
    const { pages = [], open, closed, load } = rule.when;
    wanted(path, rule);
    pages.forEach((id, n) => {
      reference([...path, 'when', 'pages', n], id, ids, 'meta.pages or meta.numbers');
    });
    reference([...path, 'when', 'open'], open, Object.keys(schedules), 'schedules');
    reference([...path, 'when', 'closed'], closed, Object.keys(schedules), 'schedules');
    reference([...path, 'when', 'load', 'trunk'], load?.trunk, Object.keys(trunks), 'trunks');
  });
  for (const [name, schedule] of Object.entries(schedules))
    schedule.hours.forEach(({ from, to }, i) => {
      if (from !== to && from !== '24:00') return;
      found.push({
        path: ['schedules', name, 'hours', i, 'from'],
        message: `hours from ${from} to ${to} are none.`,
        remedy: 'Write a whole day as from: "00:00", to: "24:00".',
      });
    });
  for (const [name, route] of Object.entries(routes))
    for (const key of AFTER) {
      const next = route[key];
      if (next) wanted(['routes', name, key], next);
      const way = next?.route === undefined ? undefined : wayBack(routes, name, next.route, [name]);
      if (way)
        found.push({
          path: ['routes', name, key, 'route'],
          message: `the route leads back to itself: ${way.join(', ')}.`,
          remedy: 'Let one of them announce or reject, or name another route.',
        });
    }
  return found;
}

/** The routes between `home` and itself, both ends included. */
function wayBack(
  routes: GatewayConfig['routes'],
  home: string,
  at: string,
  before: readonly string[],
): readonly string[] | undefined {
  const way = [...before, at];
  if (at === home) return way;
  if (before.includes(at)) return undefined;
  for (const key of AFTER) {
    const next = routes[at]?.[key]?.route;
    const back = next === undefined ? undefined : wayBack(routes, home, next, way);
    if (back) return back;
  }
  return undefined;
}
