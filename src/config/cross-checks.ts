import { suggestion } from './problem.ts';
import type { GatewayConfig } from './schema.ts';

interface Found {
  readonly path: (string | number)[];
  readonly message: string;
  readonly remedy: string;
}

/** What a schema cannot say: names that must exist, ids that must differ, ranges that must make sense. */
export function crossChecks(config: GatewayConfig): Found[] {
  const found: Found[] = [];
  const reference = (
    path: (string | number)[],
    name: string,
    known: readonly string[],
    where: string,
  ): void => {
    if (known.includes(name)) return;
    const meant = suggestion(name, known);
    found.push({
      path,
      message: `${where} has no "${name}".`,
      remedy: meant ? `Did you mean "${meant}"?` : `Use one of: ${known.join(', ') || 'none is configured'}.`,
    });
  };
  const apps = config.meta.apps.map((app) => app.id);
  const routes = Object.keys(config.routes);
  const trunks = Object.keys(config.trunks);
  config.meta.pages.forEach((page, i) => {
    reference(['meta', 'pages', i, 'app'], page.app, apps, 'meta.apps');
    reference(['meta', 'pages', i, 'route'], page.route, routes, 'routes');
  });
  for (const [name, route] of Object.entries(config.routes)) {
    route.targets.forEach((target, i) => {
      reference(['routes', name, 'targets', i, 'trunk'], target.trunk, trunks, 'trunks');
      if (!target.user && config.trunks[target.trunk] && !config.trunks[target.trunk]?.user) {
        found.push({
          path: ['routes', name, 'targets', i],
          message: `neither this target nor trunks.${target.trunk} names a user.`,
          remedy: 'Add user: the extension, queue or ring group to call.',
        });
      }
    });
  }
  const protocols = config.sip.listen.map(({ protocol }) => protocol);
  for (const [name, { transport }] of Object.entries(config.trunks)) {
    if (config.sip.server !== 'embedded' || protocols.includes(transport)) continue;
    found.push({
      path: ['trunks', name, 'transport'],
      message: `sip.listen has no ${transport} listener.`,
      remedy: `Add { protocol: ${transport}, address: ..., port: 5060 } to sip.listen.`,
    });
  }
  found.push(...duplicates(apps, (i) => ['meta', 'apps', i, 'id']));
  found.push(
    ...duplicates(
      config.meta.pages.map((page) => page.id),
      (i) => ['meta', 'pages', i, 'id'],
    ),
  );
  const { webrtc, rtp, http, admin } = config;
  if (webrtc.portMax < webrtc.portMin) found.push(range(['webrtc', 'portMax']));
  if (rtp.portMin !== 0 && rtp.portMax < rtp.portMin + 1) found.push(range(['rtp', 'portMax']));
  if (
    http.listen.port !== 0 &&
    http.listen.port === admin.listen.port &&
    http.listen.address === admin.listen.address
  ) {
    found.push({
      path: ['admin', 'listen', 'port'],
      message: 'http.listen has the same address and port.',
      remedy: 'Give the admin port another number.',
    });
  }
  if (isWildcard(rtp.address) && !rtp.externalAddress) {
    found.push({
      path: ['rtp', 'address'],
      message: `${rtp.address} cannot be written into SDP.`,
      remedy: 'Set rtp.address to the address that the PBX can reach, or add rtp.externalAddress.',
    });
  }
  return found;
}

function duplicates(ids: readonly string[], path: (index: number) => (string | number)[]): Found[] {
  return ids.flatMap((id, i) =>
    ids.indexOf(id) === i
      ? []
      : [{ path: path(i), message: `"${id}" is there twice.`, remedy: 'Remove one of them.' }],
  );
}

function range(path: (string | number)[]): Found {
  return { path, message: 'the range ends before it begins.', remedy: 'Make portMax larger than portMin.' };
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}
