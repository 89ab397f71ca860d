import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { ConfigPath } from './problem.ts';
import type { GatewayConfig } from './schema.ts';
import { isUnresolved, type SecretSources } from './secrets.ts';

interface Found {
  readonly path: ConfigPath;
  readonly message: string;
  readonly remedy: string;
}

export type Tls = NonNullable<GatewayConfig['sip']['listen'][number]['tls']>;
type Pem = { readonly path: ConfigPath; readonly name: string; readonly text: string };

/** What a TLS listener needs of its files: readable, certificates and keys, and the key that of the certificate. */
export function tlsChecks({ sip }: GatewayConfig, readFile: SecretSources['readFile']): Found[] {
  const found: Found[] = [];
  sip.listen.forEach(({ protocol, tls }, i) => {
    const path = ['sip', 'listen', i];
    if (protocol === 'tls' && !tls) {
      found.push({
        path: [...path, 'protocol'],
        message: 'a tls listener has no certificate.',
        remedy: 'Add tls: { certificates: [{ cert: /path/cert.pem, key: /path/key.pem }] }.',
      });
    } else if (protocol !== 'tls' && tls) {
      found.push({
        path: [...path, 'tls'],
        message: `${protocol} has no certificates.`,
        remedy: 'Set protocol: tls, or remove tls.',
      });
    } else if (tls) found.push(...filesOf(tls, [...path, 'tls'], readFile));
  });
  return found;
}

/** What is wrong with the files that it names. */
export function filesOf(
  tls: Pick<Tls, 'ca' | 'certificates'>,
  path: ConfigPath,
  readFile: SecretSources['readFile'],
): Found[] {
  const found: Found[] = [];
  const read = (at: ConfigPath, name: string): Pem | undefined => {
    try {
      return { path: at, name, text: readFile(name) };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const remedy = 'Check the path, and that the user who runs the gateway may read it.';
      found.push({ path: at, message: `${name} cannot be read (${reason}).`, remedy });
      return undefined;
    }
  };
  const certificate = (pem: Pem | undefined): X509Certificate | undefined => {
    try {
      return pem && new X509Certificate(pem.text);
    } catch {
      if (pem)
        found.push({
          path: pem.path,
          message: `${pem.name} holds no certificate.`,
          remedy: 'Name a PEM file that begins with -----BEGIN CERTIFICATE-----.',
        });
      return undefined;
    }
  };
  if (tls.ca !== undefined) certificate(read([...path, 'ca'], tls.ca));
  tls.certificates.forEach(({ cert, key, chain, passphrase }, i) => {
    const at = [...path, 'certificates', i];
    const own = certificate(read([...at, 'cert'], cert));
    if (chain !== undefined) certificate(read([...at, 'chain'], chain));
    const pem = read([...at, 'key'], key);
    const isLocked = passphrase !== undefined && isUnresolved(passphrase, true);
    if (pem && own && !isLocked) found.push(...keyProblem(pem, passphrase, own, cert));
  });
  return found;
}

function keyProblem(pem: Pem, passphrase: string | undefined, own: X509Certificate, cert: string): Found[] {
  try {
    const key = createPrivateKey({ key: pem.text, ...(passphrase !== undefined && { passphrase }) });
    if (own.checkPrivateKey(key)) return [];
    const remedy = 'Name the key that the certificate was made with.';
    return [{ path: pem.path, message: `${pem.name} is not the key of ${cert}.`, remedy }];
  } catch {
    const remedy = 'Name a PEM file with a private key, and add passphrase when it is encrypted.';
    return [{ path: pem.path, message: `${pem.name} holds no key that can be used.`, remedy }];
  }
}
