import { X509Certificate } from 'node:crypto';
import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { checkServerIdentity, getCACertificates, type PeerCertificate } from 'node:tls';
import type { Static, TSchema } from 'typebox';
import { Check } from 'typebox/value';
import { type BodyOf, PROBLEMS, type Problems, type Route } from '../http/api/index.ts';

/** Longest wait for the gateway, ms: what it asks of Meta included. */
const PATIENCE_MS = 20_000;

/** Where an admin port is, and how it is spoken to. */
export interface AdminPlace {
  /** `http://host:port`, `https://host:port`, or `unix:/path`. */
  readonly url: string;
  readonly token?: string | undefined;
  /** PEM: whom a TLS port's certificate must be from, in place of the usual ones. */
  readonly ca?: string | undefined;
  /** PEM: a certificate that is taken by itself, whoever made it and whatever it names; for when there is no `ca`. */
  readonly own?: string | undefined;
  /** PEM: who we are, where the port asks for it. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

type Of<S> = S extends TSchema ? Static<S> : undefined;

/** What a route takes; what it does not take need not be named. */
export type InputOf<R extends Route> = {
  readonly [K in 'params' | 'query' | 'body' as R[K] extends TSchema ? K : never]: Of<R[K]>;
};

/** A reply, checked by the schema of its route. */
export type Asked<R extends Route> =
  | {
      readonly [S in keyof R['replies'] & number]: {
        readonly kind: 'done';
        readonly status: S;
        readonly body: BodyOf<R, S>;
      };
    }[keyof R['replies'] & number]
  | NotDone;

export type NotDone =
  | { readonly kind: 'refused'; readonly status: number; readonly problems: Problems['problems'] }
  /** Nothing listens there. */
  | { readonly kind: 'nobody' }
  /** Something does, and is no answer to be had, or none of a gateway. */
  | { readonly kind: 'failed'; readonly reason: string };

interface RawReply {
  readonly status: number;
  readonly bytes: Buffer;
}

/** One request to the admin port. Never rejects. */
export async function askAdmin<R extends Route>(
  place: AdminPlace,
  route: R,
  input: InputOf<R>,
): Promise<Asked<R>> {
  const parts: { readonly params?: object; readonly query?: object; readonly body?: object } = input;
  try {
    const reply = await send(place, route.method, pathOf(route, parts.params, parts.query), parts.body);
    return readReply(route, reply);
  } catch (error) {
    return unreachable(error);
  }
}

/** A reply that is a file, as its bytes. Never rejects. @param patienceMs longest wait for it */
export async function downloadAdmin<R extends Route>(
  place: AdminPlace,
  route: R,
  input: InputOf<R>,
  patienceMs: number,
): Promise<{ readonly kind: 'file'; readonly bytes: Buffer } | NotDone> {
  const parts: { readonly params?: object; readonly query?: object } = input;
  try {
    const path = pathOf(route, parts.params, parts.query);
    const { status, bytes } = await send(place, route.method, path, undefined, patienceMs);
    if (status === 200) return { kind: 'file', bytes };
    const reply = readReply(route, { status, bytes });
    return reply.kind === 'done' ? { kind: 'failed', reason: `it answers with status ${status}` } : reply;
  } catch (error) {
    return unreachable(error);
  }
}

function unreachable(error: unknown): NotDone {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED' || code === 'ENOENT') return { kind: 'nobody' };
  return { kind: 'failed', reason: message };
}

function readReply<R extends Route>(route: R, { status, bytes }: RawReply): Asked<R> {
  const text = bytes.toString('utf8');
  let body: unknown;
  try {
    body = text === '' ? undefined : JSON.parse(text);
  } catch {
    return { kind: 'failed', reason: `it answers with status ${status} and no JSON` };
  }
  const schema = route.replies[status];
  if (schema === undefined && Check(PROBLEMS, body)) {
    return { kind: 'refused', status, problems: body.problems };
  }
  const fits = schema === null ? body === undefined : schema !== undefined && Check(schema, body);
  if (!fits)
    return { kind: 'failed', reason: `it answers with status ${status} and not as this gateway does` };
  // The one place where the compiler cannot follow: `status` chose the schema that `body` was checked by.
  return { kind: 'done', status, body } as Asked<R>;
}

function pathOf({ path }: Route, params: object = {}, query: object = {}): string {
  const values: Readonly<Record<string, unknown>> = { ...params };
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values[name])));
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const search = new URLSearchParams(Object.fromEntries(given.map(([name, value]) => [name, String(value)])));
  return given.length === 0 ? filled : `${filled}?${search}`;
}

/** Not by fetch, which refuses some ports by number, and has no Unix sockets. */
function send(
  { url, token, ca, own, cert, key }: AdminPlace,
  method: string,
  path: string,
  body?: object,
  patienceMs = PATIENCE_MS,
): Promise<RawReply> {
  const socketPath = unixPathOf(url);
  const at = new URL(path, socketPath === undefined ? url : 'http://localhost');
  return new Promise((resolve, reject) => {
    const request = at.protocol === 'https:' ? tlsRequest : plainRequest;
    const asked = request(
      at,
      {
        method,
        signal: AbortSignal.timeout(patienceMs),
        ...(socketPath === undefined ? {} : { socketPath }),
        ...(ca === undefined ? trusting(own) : { ca }),
        ...(cert === undefined ? {} : { cert, key }),
        headers: {
          ...(body ? { 'content-type': 'application/json' } : {}),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
        });
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, bytes: Buffer.concat(chunks) }));
      },
    );
    asked.on('error', reject);
    asked.end(body ? JSON.stringify(body) : undefined);
  });
}

/** Those whom everybody trusts, and this one certificate. */
function trusting(own: string | undefined): object {
  if (own === undefined) return {};
  const [first = ''] = own.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/) ?? [];
  let raw: Buffer;
  try {
    raw = new X509Certificate(first).raw;
  } catch {
    return {};
  }
  return {
    ca: [...getCACertificates(), first],
    allowPartialTrustChain: true,
    checkServerIdentity: (host: string, shown: PeerCertificate) =>
      raw.equals(shown.raw) ? undefined : checkServerIdentity(host, shown),
  };
}

/** Of `unix:/path`; undefined: it is no such address. */
export function unixPathOf(url: string): string | undefined {
  return /^unix:(\/.+)$/.exec(url)?.[1];
}
