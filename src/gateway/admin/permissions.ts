import type { AdminHandlers, Refusal } from '../../http/index.ts';
import type { CallPermission, SettingsApi } from '../../meta/index.ts';
import type { Directory } from '../../store/index.ts';
import type { Accounts } from '../accounts.ts';
import type { PermissionDesk } from '../permission-desk.ts';
import type { PermissionReplies } from '../permission-replies.ts';
import { iso, refusalOf, unknownPage } from './answers.ts';

export interface PermissionSources {
  readonly accounts: Accounts;
  /** Of Pages. */
  readonly settings: SettingsApi;
  /** Opened before the first request. */
  readonly directory: () => Directory;
  readonly permissions: PermissionDesk;
  readonly replies: PermissionReplies;
}

/** What is asked of Meta for the operator. */
export function permissionHandlers({
  accounts,
  settings,
  directory,
  permissions,
  replies,
}: PermissionSources): Pick<AdminHandlers, 'getPermission' | 'requestPermission' | 'getSettings'> {
  return {
    getPermission: async ({ query: { page: pageId, psid } }) => {
      const account = accounts.get(pageId);
      if (!account) return unknownPage('page');
      const outcome = await account.api.permission(pageId, psid);
      if (!outcome.ok) return refusalOf(outcome.failure);
      const reply = replies.of(pageId, psid);
      const number = directory().numberOf(pageId, psid);
      return {
        status: 200,
        body: {
          pageId,
          psid,
          number,
          ...permissionBody(outcome.permission),
          lastReply: reply
            ? { response: reply.response, at: iso(reply.atMs), expiresAt: iso(reply.expiresAtMs) }
            : null,
        },
      };
    },
    requestPermission: async ({ body: { pageId, psid } }) => {
      if (!accounts.has(pageId)) return unknownPage('page');
      const outcome = await permissions.ask(pageId, psid);
      if (!outcome.ok) return refusalOf(outcome.failure);
      const { messageId } = outcome;
      return { status: 201, body: { pageId, psid, sent: true, messageId: messageId || undefined } };
    },
    getSettings: async ({ query: { page: pageId } }) => {
      const account = accounts.get(pageId);
      if (!account) return unknownPage('page');
      if (account.platform.name !== 'messenger') return NOT_A_PAGE;
      const outcome = await settings.get(pageId);
      if (!outcome.ok) return refusalOf(outcome.failure);
      return { status: 200, body: { pageId, settings: outcome.settings } };
    },
  };
}

function permissionBody({ status, canCall, canRequest, expiresAtMs, limits }: CallPermission) {
  return { status, canCall, canRequest, expiresAt: iso(expiresAtMs), limits };
}

const NOT_A_PAGE: Refusal = {
  status: 400,
  problem: { field: 'page', message: 'call settings are of Pages only.', remedy: 'Use one of meta.pages.' },
};
