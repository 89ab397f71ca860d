import type { Static, TObject, TSchema } from 'typebox';
import type { GrantedScope, Scope } from '../../shared/admin-scopes.ts';

export const SCOPE_MEANINGS: Readonly<Record<GrantedScope, string>> = {
  read: 'calls, trunks, Pages, the directory, settings and live events, to look at',
  calls: 'hang up and move calls',
  record: 'start, stop and pause recordings',
  directory: 'give and take short numbers',
  permissions: 'look up consumers and ask them for permission to call',
  config: 'reload the configuration, change the log level, drain',
  metrics: 'numbers for Prometheus',
  trace: 'signalling and packets of calls, with what they tell of persons',
  admin: 'everything',
};

export type ProblemStatus = 400 | 403 | 404 | 409 | 422 | 500 | 502 | 503;

/**
 * One request of the admin port, declared once: the port, its OpenAPI document, the reference page and the `msgw`
 * commands are all made from it.
 */
export interface Route {
  readonly method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  /** Parameters in braces: `/calls/{id}`. */
  readonly path: `/${string}`;
  /** What a token needs; `open`: no token is asked for. */
  readonly scope: Scope | 'open';
  readonly summary: string;
  /** More, for the reference page. */
  readonly description?: string;
  readonly params?: TObject;
  readonly query?: TObject;
  readonly body?: TObject;
  /** What is sent by status; `null`: nothing. */
  readonly replies: Readonly<Record<number, TSchema | null>>;
  /** Of replies that are no JSON. */
  readonly mediaType?: string;
  /** Refusals of this route by status, with when; those that every route has (400, 401, 403, 429, 500) need no word. */
  readonly problems?: Readonly<Partial<Record<ProblemStatus, string>>>;
}

export const route = <const R extends Route>(declared: R): R => declared;

/** What is wrong with a request; the form that the `msgw` commands have too. */
export interface AdminProblem {
  /** The parameter, header or thing that it is about. */
  readonly field: string;
  readonly message: string;
  readonly remedy?: string;
  readonly [more: string]: unknown;
}

export interface Refusal {
  readonly status: ProblemStatus;
  readonly problem: AdminProblem;
  /** Where one says not all. */
  readonly more?: readonly AdminProblem[];
  readonly retryAfterS?: number;
}

/** A value as it may be handed over: nothing in it is changed, and what is undefined is left out of the JSON. */
export type Given<T> = T extends readonly (infer E)[]
  ? readonly Given<E>[]
  : T extends object
    ? { readonly [K in keyof T]: object extends Pick<T, K> ? Given<T[K]> | undefined : Given<T[K]> }
    : T;

type StaticOf<S> = S extends TSchema ? Static<S> : undefined;

/** What came with a request, checked by the schemas of its route. */
export interface RequestOf<R extends Route> {
  readonly params: StaticOf<R['params']>;
  readonly query: StaticOf<R['query']>;
  readonly body: StaticOf<R['body']>;
}

/** A reply of the route that is no refusal. */
export type DoneOf<R extends Route> = {
  readonly [S in keyof R['replies'] & number]: R['replies'][S] extends TSchema
    ? { readonly status: S; readonly body: Given<Static<R['replies'][S]>>; readonly mediaType?: string }
    : { readonly status: S };
}[keyof R['replies'] & number];

export type OutcomeOf<R extends Route> = DoneOf<R> | Refusal;

/** Throws and rejects for bugs only. */
export type Handler<R extends Route> = (request: RequestOf<R>) => OutcomeOf<R> | Promise<OutcomeOf<R>>;

/** The body of a reply as a program reads it. */
export type BodyOf<R extends Route, S extends keyof R['replies'] & number> = StaticOf<R['replies'][S]>;
