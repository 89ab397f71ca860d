import { readFileSync } from 'node:fs';
import { type ConfigProblem, type GatewayConfig, loadPart } from '../config/index.ts';
import type { Result } from '../shared/result.ts';
import { type AdminPlace, type NotDone, unixPathOf } from './admin-client.ts';
import { type Answer, type ExitCode, give, misconfigured, misused, type Problem, refused } from './answer.ts';

/** The options of every command that asks the gateway which runs. */
export interface AdminFlags {
  readonly config?: string;
  readonly adminUrl?: string;
  /** The token itself, or `file:/path`. */
  readonly token?: string;
  /** File names. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly json?: boolean;
}

/** Of the configuration, to find its gateway. */
export type AdminPart = Pick<GatewayConfig, 'admin'>;

/** Where the admin port is, by the options, the environment (`MSGW_ADMIN_TOKEN`) and the configuration. */
export function adminPlace(flags: AdminFlags, config: AdminPart): Result<AdminPlace, Problem> {
  const url = flags.adminUrl ?? adminUrlOf(config);
  if (url === undefined) return problem('--admin-url', 'admin.listen.port is 0: any free port.', HOW);
  const isWeb = /^https?:$/.test(URL.parse(url)?.protocol ?? '');
  if (!isWeb && unixPathOf(url) === undefined) return problem('--admin-url', `"${url}" is no URL.`, HOW);
  const token = flags.token ?? process.env['MSGW_ADMIN_TOKEN'];
  const files = {
    token: token?.startsWith('file:') ? token.slice(5) : undefined,
    ca: flags.ca,
    cert: flags.cert,
    key: flags.key,
  };
  const own = flags.adminUrl === undefined ? ownCertificate(config) : undefined;
  const place: { -readonly [K in keyof AdminPlace]: AdminPlace[K] } = { url, own, token: token || undefined };
  for (const name of ['token', 'ca', 'cert', 'key'] as const) {
    const file = files[name];
    if (file === undefined) continue;
    try {
      place[name] = readFileSync(file, 'utf8').trim();
    } catch (error) {
      return problem(`--${name}`, String(error), 'Check the path and its permissions.');
    }
  }
  return { ok: true, value: place };
}

/** Prints what a command says that needs the admin port, and the configuration only to find it. */
export async function runWithAdmin(
  flags: AdminFlags,
  act: (place: AdminPlace) => Promise<Answer>,
): Promise<ExitCode> {
  return give(await withAdmin(flags, act), flags.json ?? false);
}

/** The same, not printed yet. @param or what else could be done when it is not known where the gateway is */
export async function withAdmin(
  flags: AdminFlags,
  act: (place: AdminPlace) => Promise<Answer>,
  or = '',
): Promise<Answer> {
  const config = adminPart(flags);
  if (!config.ok) {
    const problems = config.error.map((each) => ({ ...each, remedy: `${each.remedy} ${OR_URL}${or}` }));
    return misconfigured(flags.config ?? '', problems);
  }
  const place = adminPlace(flags, config.value);
  if (place.ok) return act(place.value);
  return misused({ ...place.error, remedy: `${place.error.remedy}${or}` });
}

/**
 * Only `admin` of the configuration, without its secrets: who looks at a gateway need not be able to run it. Without a
 * configuration, and where an option says more than it, the defaults.
 */
function adminPart({ config, adminUrl }: AdminFlags): Result<AdminPart, readonly ConfigProblem[]> {
  return loadPart(adminUrl === undefined ? config : undefined, { sections: ['admin'], secrets: false });
}

/** What a command says when it was not done. */
export function notDone({ url }: AdminPlace, asked: NotDone): Answer {
  if (asked.kind === 'refused') return refused(...asked.problems);
  if (asked.kind === 'nobody') {
    const remedy =
      'Start it, or say where it is: --config with the file that it was started with, or --admin-url.';
    return refused({ field: '--admin-url', message: `no gateway listens at ${url}.`, remedy });
  }
  const remedy = /certificate/i.test(asked.reason)
    ? 'Name whom its certificate is from with --ca, or its configuration with --config alone; --cert and --key are who we are (admin.tls.clientCa).'
    : 'Check admin.listen, and that it is the gateway that listens there.';
  return refused({ field: '--admin-url', message: `${url} gave no answer (${asked.reason}).`, remedy });
}

/** Where the admin port is, by the configuration; undefined: it takes any free port. */
function adminUrlOf({ admin }: AdminPart): string | undefined {
  const { address, port } = admin.listen;
  if (admin.socket) return `unix:${admin.socket.path}`;
  if (port === 0) return undefined;
  const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[address] ?? address;
  return `${admin.tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** What the port shows, when we may read it: it may be self-signed, and of the name that others call it by. */
function ownCertificate({ admin: { tls, socket } }: AdminPart): string | undefined {
  if (!tls || socket) return undefined;
  try {
    return readFileSync(tls.cert, 'utf8');
  } catch {
    return undefined;
  }
}

const OR_URL = 'Or say where the gateway is with --admin-url.';
const HOW =
  'Name it as http://127.0.0.1:9090, https://gateway.example.org:9090 or unix:/run/msgw/admin.sock.';

const problem = (field: string, message: string, remedy: string): { ok: false; error: Problem } => ({
  ok: false,
  error: { field, message, remedy },
});
