import { Agent, type Dispatcher, request } from 'undici';
import type { Clock } from '../shared/clock.ts';
import { failureFrom, failureOf, type GraphFailure } from './failure.ts';
import type { FailureMeaning } from './failure-table.ts';
import { isObject, type JsonObject, numberOf, parseJsonLossless } from './json.ts';
import { type Usage, usageOf } from './usage.ts';

export interface TransportOptions {
  /** `https://graph.facebook.com`, or the simulator's address. */
  readonly baseUrl: string;
  /** `v26.0` */
  readonly version: string;
  readonly clock: Clock;
}

export interface GraphRequest {
  readonly method: 'GET' | 'POST';
  /** After the version, with the leading slash. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly accessToken: string;
  /** Sent as JSON. */
  readonly body?: object;
  /** From the beginning to the last byte of the reply, connecting included. Milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export type GraphReply = (
  | { readonly ok: true; readonly body: JsonObject }
  | { readonly ok: false; readonly failure: GraphFailure }
) & { readonly usage?: Usage };

/** Connections to Graph at once; more requests wait for one, within their time-out. */
const CONNECTIONS = 64;
/** An idle connection is kept so long: the look-up of the name opens it, accept uses it. Milliseconds. */
const KEEP_ALIVE_MS = 30_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** Graph replies are small; an error page is not read further. */
const MAX_REPLY_BYTES = 1_000_000;

/** One Graph request at a time over connections of its own: sent once, and every end of it is a value. */
export class GraphTransport {
  readonly #options: TransportOptions;
  readonly #agent = new Agent({
    connections: CONNECTIONS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connect: { timeout: CONNECT_TIMEOUT_MS },
  });
  /** Requests under way, to end them on close. */
  readonly #live = new Set<AbortController>();
  #closed = false;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  async send(wanted: GraphRequest): Promise<GraphReply> {
    if (this.#closed || wanted.signal?.aborted) return { ok: false, failure: failureFrom(STOPPED) };
    const stop = new AbortController();
    let timedOut = false;
    const abort = (): void => stop.abort();
    const timer = this.#options.clock.after(wanted.timeoutMs, () => {
      timedOut = true;
      stop.abort();
    });
    this.#live.add(stop);
    wanted.signal?.addEventListener('abort', abort, { once: true });
    try {
      return await this.#exchange(wanted, stop.signal);
    } catch (error) {
      const meaning = timedOut ? NO_REPLY : stop.signal.aborted ? GIVEN_UP : meaningOfBreak(error);
      return { ok: false, failure: failureFrom(meaning) };
    } finally {
      timer.clear();
      this.#live.delete(stop);
      wanted.signal?.removeEventListener('abort', abort);
    }
  }

  /** Ends what is under way and closes the connections. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const stop of this.#live) stop.abort();
    if (!this.#agent.destroyed) await this.#agent.destroy();
  }

  async #exchange(wanted: GraphRequest, signal: AbortSignal): Promise<GraphReply> {
    const { baseUrl, version } = this.#options;
    const response = await request(`${baseUrl.replace(/\/+$/, '')}/${version}${wanted.path}`, {
      method: wanted.method,
      dispatcher: this.#agent,
      query: { ...wanted.query },
      headers: {
        // Only here: a token in a URL ends in the logs of proxies.
        authorization: `Bearer ${wanted.accessToken}`,
        accept: 'application/json',
        'user-agent': 'messenger-sip-gateway',
        ...(wanted.body ? { 'content-type': 'application/json' } : {}),
      },
      body: wanted.body ? JSON.stringify(wanted.body) : null,
      signal,
    });
    const text = await readText(response.body);
    const usage = usageOf(response.headers);
    return { ...readReply(response.statusCode, text, response.headers, usage), ...(usage ? { usage } : {}) };
  }
}

function readReply(
  httpStatus: number,
  text: string,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  usage: Usage | undefined,
): GraphReply {
  const parsed = parseJsonLossless(text);
  const value = parsed.ok ? parsed.value : undefined;
  const told = headers['retry-after'];
  const regainS = usage?.regainMinutes === undefined ? undefined : usage.regainMinutes * 60;
  const failure = failureOf(httpStatus, value, numberOf(Array.isArray(told) ? told[0] : told) ?? regainS);
  if (failure) return { ok: false, failure };
  if (isObject(value)) return { ok: true, body: value };
  // `true` alone is how old Graph endpoints say success; nothing at all comes with a 200 too.
  if (value === true || text.trim() === '') return { ok: true, body: {} };
  return { ok: false, failure: failureFrom(UNREADABLE, { httpStatus }) };
}

async function readText(body: Dispatcher.ResponseData['body']): Promise<string> {
  // Leaving the loop early destroys the stream, which then reports that it was destroyed.
  body.on('error', () => {});
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_REPLY_BYTES) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const NO_REPLY: FailureMeaning = {
  kind: 'ambiguous',
  sipStatus: 504,
  meaning: 'Meta did not answer in time',
  remedy: 'Check the way to graph.facebook.com (firewall, proxy, DNS).',
};
const STOPPED: FailureMeaning = { kind: 'unreachable', sipStatus: 503, meaning: 'the gateway is stopping' };
const GIVEN_UP: FailureMeaning = {
  kind: 'ambiguous',
  sipStatus: 503,
  meaning: 'the request was given up while it was under way',
};
const UNREADABLE: FailureMeaning = {
  kind: 'ambiguous',
  sipStatus: 503,
  meaning: 'the reply is none of Graph',
  remedy: 'Check meta.graphUrl, and whether a proxy answers in place of Meta.',
};

/** Before or while connecting: no request was sent, so nothing was done. Codes of Node and undici. */
const UNSENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'ERR_INVALID_URL',
  'UND_ERR_INVALID_ARG',
]);

/** The codes only: messages of the libraries hold URLs. */
function meaningOfBreak(error: unknown): FailureMeaning {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  if (UNSENT.has(code)) {
    return {
      kind: 'unreachable',
      sipStatus: 503,
      meaning: `Meta cannot be reached (${code})`,
      remedy: 'Check the way to graph.facebook.com (firewall, proxy, DNS, certificates).',
    };
  }
  return { kind: 'ambiguous', sipStatus: 503, meaning: `the connection to Meta broke (${code})` };
}
