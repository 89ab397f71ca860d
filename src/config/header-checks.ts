import { type ConfigPath, suggestion } from './problem.ts';
import type { GatewayConfig } from './schema.ts';
import { TEMPLATE_NAMES } from './schema-identity.ts';

interface Found {
  readonly path: ConfigPath;
  readonly message: string;
  readonly remedy: string;
}

type Trunk = GatewayConfig['trunks'][string];

/** Headers by which messages find their way and their meaning: the SIP stack writes them, or nobody. */
const OWNED = new Set(
  (
    'via from to call-id cseq contact content-length content-type content-encoding content-disposition max-forwards ' +
    'route record-route path service-route allow accept supported require proxy-require user-agent server ' +
    'authorization proxy-authorization www-authenticate proxy-authenticate authentication-info rseq rack ' +
    'transfer-encoding session-expires min-se replaces join refer-to event subscription-state mime-version ' +
    'timestamp date identity privacy'
  ).split(' '),
);
/** Of these another key is the master. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  from: 'callerId.from',
  privacy: 'callerId.privacy',
  'user-agent': 'sip.userAgent',
};
const PERSONAL = ['psid', 'name', 'number'];

/** Header rules that would break messages, or that contradict one another. */
export function headerChecks(trunks: GatewayConfig['trunks']): Found[] {
  return Object.entries(trunks).flatMap(([name, trunk]) =>
    [...addChecks(trunk), ...removeChecks(trunk), ...identityChecks(trunk)].map((found) => ({
      ...found,
      path: ['trunks', name, ...found.path],
    })),
  );
}

function addChecks(trunk: Trunk): Found[] {
  const found: Found[] = [];
  const templates: [ConfigPath, string][] = [];
  const seen = new Set<string>();
  for (const [name, template] of Object.entries(trunk.headers.add)) {
    const path = ['headers', 'add', name];
    const problem = nameProblem(name) ?? internalProblem(name);
    if (problem) found.push({ path, ...problem });
    if (seen.has(name.toLowerCase()))
      found.push({ path, message: 'this header is there twice.', remedy: 'Remove one of them.' });
    seen.add(name.toLowerCase());
    templates.push([path, template]);
  }
  if (trunk.userToUser) templates.push([['userToUser', 'template'], trunk.userToUser.template]);
  for (const [path, template] of templates) found.push(...templateChecks(path, template, trunk));
  return found;
}

function templateChecks(path: ConfigPath, template: string, { callerId }: Trunk): Found[] {
  const found: Found[] = [];
  for (const [, key = ''] of template.matchAll(/\{([^{}]*)\}/g)) {
    if (!TEMPLATE_NAMES.some((known) => known === key)) {
      const meant = suggestion(key, TEMPLATE_NAMES);
      found.push({
        path,
        message: `nothing is called {${key}}.`,
        remedy: meant
          ? `Did you mean {${meant}}?`
          : `Use one of: ${TEMPLATE_NAMES.map((name) => `{${name}}`).join(', ')}.`,
      });
    } else if (callerId.privacy === 'hidden' && PERSONAL.includes(key)) {
      found.push({
        path,
        message: `{${key}} tells what callerId.privacy: hidden hides.`,
        remedy: 'Take it out, or set callerId.privacy to id or none.',
      });
    }
  }
  return found;
}

function removeChecks({ headers }: Trunk): Found[] {
  return headers.remove.flatMap((name, i) => {
    const path = ['headers', 'remove', i];
    if (!/^[A-Za-z0-9_-]{1,64}\*?$/.test(name))
      return [{ path, message: `"${name}" is no header name.`, remedy: 'Write a name; a * may end it.' }];
    const problem = nameProblem(name);
    return problem ? [{ path, ...problem }] : [];
  });
}

function identityChecks({ callerId, credentials, register, headers }: Trunk): Found[] {
  const found: Found[] = [];
  if (callerId.fromUser !== undefined && (callerId.from ?? (register ? 'trunk' : 'caller')) === 'caller') {
    found.push({
      path: ['callerId', 'fromUser'],
      message: 'the caller stands in From, and not this.',
      remedy: 'Add from: trunk, or remove fromUser.',
    });
  }
  if (callerId.from === 'trunk' && callerId.fromUser === undefined && !credentials && !register) {
    found.push({
      path: ['callerId', 'from'],
      message: 'nothing says what this trunk is called.',
      remedy: 'Add callerId.fromUser, or credentials.',
    });
  }
  for (const key of ['copy', 'tellMeta'] as const) {
    headers[key].forEach((name, i) => {
      if (!/^[A-Za-z0-9_-]{2,64}$/.test(name))
        found.push({
          path: ['headers', key, i],
          message: `"${name}" is no header name.`,
          remedy: 'Write the whole name, such as X-Order-Id.',
        });
      else if (/^(proxy-)?authori[sz]ation$/i.test(name))
        found.push({
          path: ['headers', key, i],
          message: 'it is what signs the request, and no news.',
          remedy: 'Take it out.',
        });
    });
  }
  return found;
}

function nameProblem(name: string): Omit<Found, 'path'> | undefined {
  const lower = name.toLowerCase();
  const isCompact = lower.length === 1;
  if (!isCompact && !OWNED.has(lower)) return undefined;
  const master = ELSEWHERE[lower];
  return {
    message: `${name} is written by the SIP stack.`,
    remedy: master ? `Use ${master}.` : 'Choose another header, such as one that begins with X-.',
  };
}

function internalProblem(name: string): Omit<Found, 'path'> | undefined {
  if (!/^x-meta-/i.test(name)) return undefined;
  return {
    message: "X-Meta- headers are the gateway's own.",
    remedy: 'Choose another name; remove takes ours away.',
  };
}
