import type { CodeEntry } from '../error.ts';

export const metaCodes = {
  META_WEBHOOK_MALFORMED: {
    what: 'A correctly signed webhook could not be read; it was answered 200 and ignored.',
    remedy: 'Look at the log line: a proxy may have changed the body, or Meta sends a form that is new.',
  },
  META_NO_CREDENTIALS: {
    what: 'A Graph request was wanted for a Page that has no access token in the configuration.',
    remedy: 'Add the Page under meta.pages with its accessToken.',
  },
} as const satisfies Record<string, CodeEntry>;
