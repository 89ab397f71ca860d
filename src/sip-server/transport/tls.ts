import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP, type Socket } from 'node:net';
import {
  connect,
  createSecureContext,
  createServer,
  type SecureContext,
  type Server,
  type TLSSocket,
} from 'node:tls';
import { GatewayError } from '../../shared/error.ts';
import type { PemSource, TlsOptions } from '../types.ts';
import type { OwnCertificate } from './certificate-watch.ts';
import { type Identities, identities, isIdentity } from './identity.ts';
import { KEEP_ALIVE_MS } from './limits.ts';
import type { StreamKind } from './stream-listener.ts';
import type { Endpoint } from './transport.ts';

/** One of our certificates, ready for use. */
interface Credential extends OwnCertificate {
  readonly owner: Identities;
  readonly context: SecureContext;
}

/** TLS on a TCP socket: who we are, who peers must be (RFC 3261 26.3.1, RFC 5922). */
export class TlsKind implements StreamKind {
  readonly protocol = 'tls';
  readonly #options: TlsOptions;
  /** Makes streams of accepted sockets; it does not listen itself. */
  readonly #server: Server;
  readonly #handshakes = new Map<string, (stream: Socket) => void>();
  readonly #peers = new WeakMap<Socket, Identities>();
  #credentials: readonly Credential[];

  private constructor(options: TlsOptions, credentials: readonly Credential[]) {
    this.#options = options;
    this.#credentials = credentials;
    const asks = options.clientCertificate ?? 'none';
    this.#server = createServer({
      SNICallback: (name, done) => done(null, this.#named(name).context),
      requestCert: asks !== 'none',
      rejectUnauthorized: asks === 'required',
    });
    // For peers that ask for no name; without it they would be shown nothing.
    this.#server.on('secureConnection', (stream) => this.#onSecure(stream));
    this.#server.on('tlsClientError', (_error, stream) => stream.destroy());
  }

  /** @throws GatewayError SIP_SERVER_TLS */
  static async load(options: TlsOptions): Promise<TlsKind> {
    const material = await read(options);
    const kind = new TlsKind(options, build(options, material));
    kind.#server.setSecureContext(serverDefaults(options, material));
    return kind;
  }

  /** Reads all files again; the result puts them to use. @throws GatewayError SIP_SERVER_TLS */
  async prepare(): Promise<() => void> {
    const material = await read(this.#options);
    const credentials = build(this.#options, material);
    return () => {
      this.#credentials = credentials;
      this.#server.setSecureContext(serverDefaults(this.#options, material));
    };
  }

  get certificates(): readonly OwnCertificate[] {
    return this.#credentials;
  }

  #named(name: string): Credential {
    const first = this.#credentials[0]!;
    return this.#credentials.find(({ owner }) => isIdentity(owner, name, true)) ?? first;
  }

  accept(socket: Socket, ready: (stream: Socket) => void): void {
    const at = endOf(socket);
    this.#handshakes.set(at, ready);
    socket.once('close', () => this.#handshakes.delete(at));
    this.#server.emit('connection', socket);
  }

  #onSecure(stream: TLSSocket): void {
    const ready = this.#handshakes.get(endOf(stream));
    this.#handshakes.delete(endOf(stream));
    const shown = Object.keys(stream.getPeerCertificate() ?? {}).length > 0;
    // A certificate is optional; a bad one is not.
    if (ready && (stream.authorized || !shown)) ready(stream);
    else stream.destroy();
  }

  connect(remote: Endpoint, domain: string, local: string | undefined, ready: () => void): Socket {
    const { acceptAnyServer = false, allowWildcards = false } = this.#options;
    const stream = connect(
      {
        host: remote.address,
        port: remote.port,
        ...(local !== undefined && { localAddress: local }),
        // RFC 6066 3: never an address.
        ...(isIP(domain) === 0 && { servername: domain }),
        secureContext: this.#credentials[0]!.context,
        rejectUnauthorized: !acceptAnyServer,
        checkServerIdentity: (_name, certificate) =>
          isIdentity(identities(certificate), domain, allowWildcards)
            ? undefined
            : new Error(`the certificate is not for the SIP domain ${domain}`),
      },
      ready,
    );
    stream.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS);
    return stream;
  }

  speaksFor(stream: Socket, domain: string): boolean {
    const { acceptAnyServer = false, allowWildcards = false } = this.#options;
    const tls = stream as TLSSocket;
    let owner = this.#peers.get(stream);
    if (!owner) {
      // Only a peer that has proved itself is remembered; before that it speaks for nobody.
      if (!tls.authorized) return false;
      owner = identities(tls.getPeerCertificate());
      this.#peers.set(stream, owner);
    }
    return !acceptAnyServer && isIdentity(owner, domain, allowWildcards);
  }
}

const endOf = (socket: Socket): string => `${socket.remoteAddress} ${socket.remotePort}`;

interface Material {
  readonly certificates: readonly {
    readonly cert: string;
    readonly key: string;
    readonly passphrase?: string;
    readonly at: string;
  }[];
  readonly ca: string | undefined;
}

async function read(options: TlsOptions): Promise<Material> {
  const certificates = await Promise.all(
    options.certificates.map(async ({ cert, chain, key, passphrase }) => ({
      cert: [await text(cert, 'cert'), chain === undefined ? '' : await text(chain, 'chain')].join('\n'),
      key: await text(key, 'key'),
      ...(passphrase !== undefined && { passphrase }),
      at: isText(cert) ? 'certificate' : cert,
    })),
  );
  return { certificates, ca: options.ca === undefined ? undefined : await text(options.ca, 'ca') };
}

const isText = (source: PemSource): boolean => source.trimStart().startsWith('-----BEGIN');

async function text(source: PemSource, what: string): Promise<string> {
  if (isText(source)) return source;
  try {
    return await readFile(source, 'utf8');
  } catch (error) {
    throw unusable(source, what, error);
  }
}

function unusable(at: string, what: string, cause: unknown): GatewayError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new GatewayError('SIP_SERVER_TLS', `${at} (${what}): ${why}`, { at, what }, { cause });
}

function build(options: TlsOptions, { certificates, ca }: Material): Credential[] {
  if (ca !== undefined) {
    try {
      new X509Certificate(ca);
    } catch (error) {
      throw unusable(isText(options.ca ?? '') ? 'authorities' : (options.ca ?? ''), 'ca', error);
    }
  }
  return certificates.map(({ at, ...own }) => {
    try {
      const { subjectAltName, subject, validTo } = new X509Certificate(own.cert);
      const CN = /^CN=(.*)$/m.exec(subject ?? '')?.[1];
      const owner = identities({ subjectaltname: subjectAltName, subject: { CN } });
      const context = createSecureContext({ ...own, ca, ...versions(options) });
      return { owner, context, at, names: owner.domains, validTo: Date.parse(validTo) };
    } catch (error) {
      throw unusable(at, 'cert', error);
    }
  });
}

const versions = (options: TlsOptions): { minVersion: 'TLSv1.2' | 'TLSv1.3' } => ({
  minVersion: options.minVersion ?? 'TLSv1.2',
});

/** For peers that ask for no name. */
function serverDefaults(options: TlsOptions, { certificates, ca }: Material): object {
  const { at: _, ...own } = certificates[0]!;
  return { ...own, ...(ca !== undefined && { ca }), ...versions(options) };
}
