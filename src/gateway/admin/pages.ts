import type { AdminHandlers } from '../../http/index.ts';
import type { PageView } from '../page-board.ts';
import { iso } from './answers.ts';

export interface PageSources {
  readonly pages: () => readonly PageView[];
}

/** Pages and WhatsApp numbers. */
export function pageHandlers({ pages }: PageSources): Pick<AdminHandlers, 'listPages'> {
  return {
    listPages: () => ({
      status: 200,
      body: pages().map(({ token, lastWebhookAtMs, watch, ...page }) => ({
        ...page,
        token: { state: token.state, at: iso(token.atMs) },
        lastWebhookAt: iso(lastWebhookAtMs),
        watch: watch ? watchOf(watch) : null,
      })),
    }),
  };
}

function watchOf({ checkedAtMs, failure, amiss }: NonNullable<PageView['watch']>) {
  const subscribed = checkedAtMs === undefined ? null : !amiss.includes('subscription');
  return { checkedAt: iso(checkedAtMs), failure, subscribed, amiss };
}
