import type { AdminApi, Reply } from '../http/index.ts';
import type { CallPermission, GraphFailure, SettingsApi } from '../meta/index.ts';
import { GatewayError } from '../shared/error.ts';
import type { Directory } from '../store/index.ts';
import type { Account, Accounts } from './accounts.ts';
import type { RecordAction, RecordingState } from './media/protocol.ts';
import type { PermissionDesk } from './permission-desk.ts';
import type { PermissionReplies } from './permission-replies.ts';
import type { TrunkDesk } from './trunks/desk.ts';

export interface AdminDeskOptions {
  readonly accounts: Accounts;
  /** Of Pages. */
  readonly settings: SettingsApi;
  /** Opened before the first request. */
  readonly directory: () => Directory;
  readonly permissions: PermissionDesk;
  readonly replies: PermissionReplies;
  /** By the id of the call; undefined: there is none. Rejects with a GatewayError. */
  readonly record: (callId: string, action: RecordAction) => Promise<RecordingState> | undefined;
  readonly trunks: TrunkDesk['list'];
  readonly call: (callId: string) => object | undefined;
  /** False: there is no such call. */
  readonly hangUp: (callId: string, reason: string) => boolean;
  /** Returns the calls that are still up. */
  readonly drain: () => number;
}

type Refusal = Extract<Reply, { readonly problem: object }>;

/** What the admin port asks of this gateway. */
export function adminDesk(options: AdminDeskOptions): AdminApi {
  const { accounts, settings, directory, permissions, replies, record, trunks } = options;
  const on = async (pageId: string, act: (account: Account) => Promise<Reply>): Promise<Reply> => {
    const account = accounts.get(pageId);
    return account ? act(account) : unknownPage('page');
  };
  return {
    directory: {
      list: () => directory().list(),
      set: (entry) => {
        if (!accounts.has(entry.pageId)) return { ...unknownPage('pageId'), status: 400 };
        return directory().set(entry) ? { status: 200, body: entry } : TAKEN;
      },
      remove: (number) => (directory().remove(number) ? { status: 204 } : NO_NUMBER),
    },
    trunks: () => trunks().map(({ sinceMs, ...state }) => ({ ...state, since: iso(sinceMs) })),
    permission: (pageId, psid) =>
      on(pageId, async ({ api }) => {
        const outcome = await api.permission(pageId, psid);
        if (!outcome.ok) return refusalOf(outcome.failure);
        const reply = replies.of(pageId, psid);
        const number = directory().numberOf(pageId, psid);
        return {
          status: 200,
          body: {
            pageId,
            psid,
            ...(number === undefined ? {} : { number }),
            ...permissionBody(outcome.permission),
            lastReply: reply
              ? { response: reply.response, at: iso(reply.atMs), expiresAt: iso(reply.expiresAtMs) }
              : null,
          },
        };
      }),
    requestPermission: (pageId, psid) =>
      on(pageId, async () => {
        const outcome = await permissions.ask(pageId, psid);
        if (!outcome.ok) return refusalOf(outcome.failure);
        const { messageId } = outcome;
        return { status: 201, body: { pageId, psid, sent: true, ...(messageId ? { messageId } : {}) } };
      }),
    call: (callId) => {
      const body = options.call(callId);
      return body ? { status: 200, body } : NO_CALL;
    },
    hangUp: (callId) =>
      options.hangUp(callId, 'by the admin port') ? { status: 202, body: { callId } } : NO_CALL,
    drain: () => ({ status: 202, body: { calls: options.drain() } }),
    record: async (callId, action) => {
      try {
        const done = await record(callId, action);
        return done ? { status: 200, body: { callId, ...done } } : NO_CALL;
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error;
        const { code, message, remedy } = error;
        const status = code === 'MEDIA_RECORD_REFUSED' ? 409 : code === 'GATEWAY_NO_CALL' ? 404 : 503;
        return { status, problem: { field: 'action', message, remedy, code } };
      }
    },
    settings: (pageId) =>
      on(pageId, async ({ platform }) => {
        if (platform.name !== 'messenger') return NOT_A_PAGE;
        const outcome = await settings.get(pageId);
        if (!outcome.ok) return refusalOf(outcome.failure);
        return { status: 200, body: { pageId, settings: outcome.settings } };
      }),
  };
}

function permissionBody({ status, canCall, canRequest, expiresAtMs, limits }: CallPermission): object {
  const expiresAt = iso(expiresAtMs);
  return { status, canCall, canRequest, ...(expiresAt === undefined ? {} : { expiresAt }), limits };
}

/** Meta's failure is not the operator's: 502, but for what is told apart by more than words. */
function refusalOf(failure: GraphFailure): Refusal {
  const { kind, message, remedy, code, subcode, fbtraceId, retryAfterS } = failure;
  const known = Object.entries({ code, subcode, fbtraceId }).filter(([, value]) => value !== undefined);
  return {
    status: kind === 'throttled' ? 503 : kind === 'person' ? 404 : 502,
    problem: {
      field: kind === 'person' ? 'psid' : 'graph',
      message,
      ...(remedy ? { remedy } : {}),
      kind,
      ...Object.fromEntries(known),
    },
    ...(retryAfterS === undefined ? {} : { retryAfterS }),
  };
}

const unknownPage = (field: string): Refusal => ({
  status: 404,
  problem: {
    field,
    message: 'it is none of meta.pages.',
    remedy: 'Use the id of a Page of the configuration.',
  },
});

const NOT_A_PAGE: Refusal = {
  status: 400,
  problem: { field: 'page', message: 'call settings are of Pages only.', remedy: 'Use one of meta.pages.' },
};

const TAKEN: Refusal = {
  status: 409,
  problem: {
    field: 'number',
    message: 'it is the number of another consumer.',
    remedy: 'DELETE it first, if nobody has it in a redial list any more.',
  },
};

const NO_CALL: Refusal = {
  status: 404,
  problem: {
    field: 'id',
    message: 'there is no such call.',
    remedy: 'GET /calls lists those that are there.',
  },
};

const NO_NUMBER: Refusal = {
  status: 404,
  problem: {
    field: 'number',
    message: 'nobody has it.',
    remedy: 'GET /directory lists those that are there.',
  },
};

function iso(ms: number): string;
function iso(ms: number | undefined): string | undefined;
function iso(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}
