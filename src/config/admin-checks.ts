import { isLoopback } from '../shared/addresses.ts';
import type { ConfigPath } from './problem.ts';
import type { GatewayConfig } from './schema.ts';
import type { SecretSources } from './secrets.ts';
import { filesOf } from './tls-checks.ts';

interface Found {
  readonly path: ConfigPath;
  readonly message: string;
  readonly remedy: string;
}

/** Who may reach the admin port, and whether its tokens and certificates make sense. */
export function adminChecks({ admin }: GatewayConfig, readFile: SecretSources['readFile']): Found[] {
  const { listen, socket, tls, tokens } = admin;
  const found: Found[] = [];
  if (tokens.length === 0 && !tls?.clientCa && !socket && !isLoopback(listen.address)) {
    found.push({
      path: ['admin', 'listen', 'address'],
      message: `on ${listen.address} everybody who reaches it could end calls: there are no tokens.`,
      remedy: 'Add admin.tokens (msgw token new makes one) or admin.tls.clientCa, or listen on 127.0.0.1.',
    });
  }
  if (socket && tls) {
    found.push({
      path: ['admin', 'tls'],
      message: 'a Unix socket speaks no TLS.',
      remedy: 'Remove admin.tls or admin.socket.',
    });
  }
  const names = tokens.map(({ name }) => name);
  tokens.forEach(({ name, hash, secret }, i) => {
    const path = ['admin', 'tokens', i];
    if ((hash === undefined) === (secret === undefined)) {
      found.push({
        path,
        message: hash === undefined ? 'there is neither hash nor secret.' : 'there are both hash and secret.',
        remedy: 'Give one of them; msgw token new makes a token and its hash.',
      });
    }
    if (names.indexOf(name) !== i) {
      found.push({
        path: [...path, 'name'],
        message: `"${name}" is there twice.`,
        remedy: 'Name them apart: the audit log tells them by it.',
      });
    }
  });
  if (tls) {
    const { cert, key, passphrase, clientCa } = tls;
    const certificate = { cert, key, ...(passphrase === undefined ? {} : { passphrase }) };
    const files = { certificates: [certificate], ...(clientCa === undefined ? {} : { ca: clientCa }) };
    for (const each of filesOf(files, [], readFile)) {
      const last = String(each.path.at(-1));
      found.push({ ...each, path: ['admin', 'tls', last === 'ca' ? 'clientCa' : last] });
    }
  }
  return found;
}
