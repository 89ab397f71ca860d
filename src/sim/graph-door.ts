import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../shared/clock.ts';
import { type FAULT_ACTIONS, type Faults, type HeldFault, preventsAction } from './faults.ts';
import { type Credentials, checkCredentials } from './graph-credentials.ts';
import { misbehave } from './graph-fault.ts';
import { type Refusal, refuse } from './graph-refusal.ts';
import type { PageState } from './page-state.ts';
import type { SimPlatform } from './relay-leg.ts';
import { tokenRefusal } from './token-state.ts';

/** What every endpoint of Graph needs of the simulator. */
export interface DoorHost {
  readonly options: Credentials & {
    readonly pageId: string;
    readonly platform?: SimPlatform | undefined;
    readonly callingErrorsAsSubcode?: boolean | undefined;
  };
  readonly faults: Faults;
  readonly clock: Clock;
  /** Requests that were hung on purpose end with the simulator. */
  readonly closing: AbortSignal;
  readonly page: PageState;
  onRequest(action: string, callId: string | undefined, status: number): void;
}

export type Outcome = { readonly refusal: Refusal } | { readonly body: object };
export type PageRequest = FastifyRequest<{ Params: { version: string; pageId: string } }>;

export const unknownPath: Refusal = { status: 404, code: 2500, message: 'Unknown path components' };

/** How an endpoint is asked: by whose token, for which Page, and whether calling must be switched on. */
export interface Door {
  readonly action: (typeof FAULT_ACTIONS)[number];
  /** Fails with 1893056 while audio is off. Default false. */
  readonly gated?: boolean;
  /** The app's own token (`id|secret`) in place of the Page's; the path then names no Page. Default false. */
  readonly byApp?: boolean;
  /** The call that it is about. */
  readonly callId?: string | undefined;
}

/** Every endpoint beside calls and profile: a fault first, then who asks, what for; then the deed. */
export async function ask(
  host: DoorHost,
  { action, gated = false, byApp = false, callId }: Door,
  request: PageRequest,
  reply: FastifyReply,
  act: () => Outcome | Promise<Outcome>,
): Promise<FastifyReply> {
  if (!isVersion(request.params.version)) return refuse(reply, unknownPath);
  const fault = host.faults.take(action);
  if (fault && preventsAction(fault.kind)) return misbehave(fault, request, reply, host.closing);
  const denied =
    whoAsks(host, request, byApp ? 'app' : 'page') ??
    (byApp ? undefined : checkPage(host, request)) ??
    (gated ? checkSettings(host) : undefined);
  const result = denied ? { refusal: denied } : await act();
  host.onRequest(action, callId, 'refusal' in result ? result.refusal.status : 200);
  if (fault?.kind === 'slow') await pause(host, fault);
  if ('refusal' in result) return refuse(reply, result.refusal);
  if (fault && fault.kind !== 'slow') return misbehave(fault, request, reply, host.closing);
  return reply.send(result.body);
}

/** The credentials, then what Meta thinks of the Page's token. */
export function whoAsks(
  { options, page, clock }: DoorHost,
  request: FastifyRequest,
  whose: 'page' | 'app',
): Refusal | undefined {
  const denied = checkCredentials(request, options, whose);
  return denied ?? (whose === 'page' ? tokenRefusal(page.token, options, clock.now()) : undefined);
}

export const bodyOf = ({ body }: PageRequest): Readonly<Record<string, unknown>> =>
  typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};

export function checkPage({ options }: DoorHost, request: PageRequest): Refusal | undefined {
  if (request.params.pageId === options.pageId) return undefined;
  return {
    status: 400,
    code: 100,
    subcode: 33,
    message: 'Unsupported post request: the Page does not exist',
  };
}

export function checkSettings({ page }: DoorHost): Refusal | undefined {
  if (page.settings.audio_enabled) return undefined;
  return { status: 400, code: 100, subcode: 1893056, message: 'Call settings are not enabled for this Page' };
}

export function isVersion(version: string): boolean {
  return /^v\d{1,3}\.\d$/.test(version);
}

/** What a program holds and forgets does not stay for ever, ms. */
const MOST_HELD_MS = 600_000;

export function pause(
  { clock, closing }: Pick<DoorHost, 'clock' | 'closing'>,
  { delayMs = 1_000, until }: HeldFault,
): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      timer.clear();
      closing.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.after(until ? MOST_HELD_MS : delayMs, done);
    void until?.then(done);
    closing.addEventListener('abort', done);
  });
}
