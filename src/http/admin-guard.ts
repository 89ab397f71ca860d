import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isLoopback } from '../shared/addresses.ts';
import { refuse } from './admin-problems.ts';
import type { Route } from './api/index.ts';
import type { HttpRefusal } from './doors.ts';
import { FloodGuard } from './flood-guard.ts';
import type { HttpOptions } from './options.ts';
import { RateLimit, sourceOf } from './rate-limit.ts';
import { type AdminToken, type Bearer, mayDo, TokenBook } from './tokens.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks the admin port, once that is known. */
    bearer: Bearer | undefined;
    /** Whether the same request would be let in now: tokens change. */
    mayGoOn: (() => boolean) | undefined;
  }
}

/** Sources and tokens whose requests are counted. */
const MAX_KEYS = 4_096;
/** Wrong tokens of one source: so many at once, then one in six seconds. */
const GUESSES = { perSecond: 1 / 6, burst: 10 } as const;

/** Whoever reaches a port without tokens. */
const LOCAL: Bearer = { name: 'local', scopes: ['admin'] };

/** Who may ask what, and how often; runs before a body is read. */
export class AdminGuard {
  readonly #options: HttpOptions;
  readonly #requests: RateLimit;
  readonly #guesses: RateLimit;
  readonly #refusals = new FloodGuard();
  #tokens: readonly AdminToken[] = [];
  #book = new TokenBook([]);

  constructor(options: HttpOptions) {
    const { now, admin } = options;
    const perSecond = admin.requestsPerSecond;
    this.#options = options;
    this.#requests = new RateLimit({ perSecond, burst: perSecond * 2, maxKeys: MAX_KEYS, now });
    this.#guesses = new RateLimit({ ...GUESSES, maxKeys: MAX_KEYS, now });
  }

  /** Looks at every request of the app, and writes down every one that would change something. */
  watch(app: FastifyInstance): void {
    app.decorateRequest('bearer', undefined);
    app.decorateRequest('mayGoOn', undefined);
    app.addHook('onRequest', async (request, reply) => this.#admit(request, reply));
    app.addHook('onResponse', async (request, reply) => this.#audit(request, reply));
  }

  #admit(request: FastifyRequest, reply: FastifyReply): FastifyReply | undefined {
    const operation = request.routeOptions.config.operation;
    if (!operation) return undefined;
    const book = this.#current();
    const source = sourceOf(request.raw.socket.remoteAddress);
    const stranger = webPage(request) ?? (book.size === 0 ? otherHost(request) : undefined);
    if (stranger) {
      this.#refused('web-page');
      return refuse(reply, 403, stranger);
    }
    if (operation.route.scope === 'open') return this.#count(`from ${source}`, reply);
    if (book.size === 0) {
      request.bearer = certified(request.raw.socket) ?? LOCAL;
      request.mayGoOn = () => this.#current().size === 0;
      return this.#count(`from ${source}`, reply);
    }
    const waitMs = this.#guesses.waitMs(source);
    if (waitMs > 0) return this.#tooMany(reply, waitMs);
    const token = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
    const bearer = token === undefined ? undefined : book.find(token);
    if (!bearer || token === undefined) return this.#unknown(request, reply, source, token !== undefined);
    request.bearer = bearer;
    const scope = operation.route.scope;
    request.mayGoOn = () => {
      const now = this.#current().find(token);
      return now !== undefined && mayDo(now, scope);
    };
    const refusal = this.#count(`token ${bearer.name}`, reply);
    if (refusal) return refusal;
    const forbidden = allowed(bearer, operation.route, reply);
    if (forbidden) this.#refused('scope');
    return forbidden;
  }

  #refused(reason: HttpRefusal): void {
    this.#options.refusals?.add('admin', reason);
  }

  #tooMany(reply: FastifyReply, waitMs: number): FastifyReply {
    this.#refused('rate');
    return tooMany(reply, waitMs);
  }

  #current(): TokenBook {
    const tokens = this.#options.admin.tokens();
    if (tokens !== this.#tokens) {
      this.#tokens = tokens;
      this.#book = new TokenBook(tokens);
    }
    return this.#book;
  }

  /** RFC 6750 section 3: who shows nothing is told what to show, and no more. */
  #unknown(request: FastifyRequest, reply: FastifyReply, source: string, guessed: boolean): FastifyReply {
    this.#refused('token');
    if (guessed) this.#guesses.take(source);
    const { log, now } = this.#options;
    const suppressed = this.#refusals.admit(now());
    if (suppressed !== undefined) log.warn({ ip: request.ip, guessed, suppressed }, 'admin.unauthorized');
    reply.header('www-authenticate', `Bearer realm="msgw"${guessed ? ', error="invalid_token"' : ''}`);
    return refuse(reply, 401, {
      field: 'Authorization',
      message: guessed ? 'the token is not known.' : 'a token is needed.',
      remedy: 'Send Authorization: Bearer TOKEN, a token of admin.tokens.',
    });
  }

  #count(key: string, reply: FastifyReply): FastifyReply | undefined {
    const waitMs = this.#requests.take(key);
    return waitMs === 0 ? undefined : this.#tooMany(reply, waitMs);
  }

  #audit(request: FastifyRequest, reply: FastifyReply): void {
    const { operation } = request.routeOptions.config;
    if (!operation || !request.bearer || request.method === 'GET' || request.method === 'HEAD') return;
    const { id, ...others } = request.params as Readonly<Record<string, string>>;
    this.#options.log.info(
      {
        who: request.bearer.name,
        does: operation.id,
        ...(id === undefined ? {} : { callId: id }),
        ...others,
        status: reply.statusCode,
        ip: request.ip,
      },
      'admin.audit',
    );
  }
}

function allowed(bearer: Bearer, { scope }: Route, reply: FastifyReply): FastifyReply | undefined {
  if (scope === 'open' || mayDo(bearer, scope)) return undefined;
  reply.header('www-authenticate', `Bearer realm="msgw", error="insufficient_scope", scope="${scope}"`);
  return refuse(reply, 403, {
    field: 'scope',
    message: `this token has not the scope ${scope}.`,
    remedy: `Use another, or add ${scope} to its scopes in admin.tokens.`,
  });
}

function tooMany(reply: FastifyReply, waitMs: number): FastifyReply {
  const seconds = Math.max(1, Math.ceil(waitMs / 1_000));
  return refuse(reply.header('retry-after', String(seconds)), 429, {
    field: 'rate',
    message: 'there are too many requests, or too many with a wrong token.',
    remedy: `Come back in ${seconds} s, or raise admin.requestsPerSecond.`,
  });
}

/** A client certificate is as good as a token: the port speaks to nobody without one. */
function certified(socket: Socket): Bearer | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const { CN: name } = socket.getPeerCertificate().subject ?? {};
  return { name: `cert:${String(name ?? 'unnamed')}`, scopes: ['admin'] };
}

/** Pages in a browser on the operator's machine reach loopback too: they may change nothing, and read nothing. */
function webPage({ method, headers }: FastifyRequest) {
  const site = headers['sec-fetch-site'];
  const isElsewhere = site === 'cross-site' || site === 'same-site';
  const changes = method !== 'GET' && method !== 'HEAD';
  if (!isElsewhere && !(changes && headers.origin !== undefined)) return undefined;
  const remedy = 'Use a program, or a proxy that removes it.';
  return { field: 'Origin', message: 'requests of web pages are not taken.', remedy };
}

/** A name that a stranger points at 127.0.0.1 makes a page of theirs "the same site" (DNS rebinding). */
function otherHost({ headers, raw }: FastifyRequest) {
  const { host } = headers;
  if (host === undefined || raw.socket.remoteAddress === undefined) return undefined;
  const { hostname = '' } = URL.parse(`http://${host}`) ?? {};
  const bare = hostname.replace(/^\[|\]$/g, '');
  if (bare === 'localhost' || isLoopback(bare) || raw.socket instanceof TLSSocket) return undefined;
  const remedy = 'Ask http://127.0.0.1 or localhost; with admin.tokens any name is taken.';
  return { field: 'Host', message: 'without tokens only this machine is served.', remedy };
}
