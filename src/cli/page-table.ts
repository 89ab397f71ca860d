import type { BodyOf, ROUTES } from '../http/api/index.ts';

type Pages = BodyOf<typeof ROUTES.listPages, 200>;

/** Rows of a table, its head first. Pure. `nowMs`: milliseconds since the epoch. */
export function pageRows(pages: Pages, nowMs: number): string[][] {
  const rows = pages.map(({ id, name, platform, token, lastWebhookAt, watch }) => [
    id,
    name ?? '',
    platform,
    token.state,
    lastWebhookAt === undefined ? 'never' : ago(nowMs - Date.parse(lastWebhookAt)),
    watch === null || watch.subscribed === null ? '' : watch.subscribed ? 'yes' : 'no',
    watch === null ? '' : (watch.failure ?? (watch.amiss.length > 0 ? watch.amiss.join(', ') : 'nothing')),
  ]);
  return [['page', 'name', 'platform', 'token', 'webhook', 'subscribed', 'amiss'], ...rows];
}

function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 120) return `${seconds} s ago`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min ago`;
  return `${Math.round(seconds / 3_600)} h ago`;
}
