import type { GatewayConfig } from '../config/index.ts';
import type { Drift, PageLook } from './page-watch.ts';

/** What Meta last said of a Page's token. */
export interface TokenWord {
  readonly state: 'accepted' | 'refused' | 'unknown';
  /** Milliseconds since the epoch. */
  readonly atMs?: number;
}

/** One Page or WhatsApp number as operators see it. */
export interface PageView {
  readonly id: string;
  readonly name?: string | undefined;
  readonly platform: 'messenger' | 'whatsapp';
  readonly app: string;
  readonly route: string;
  readonly token: TokenWord;
  readonly lastWebhookAtMs: number | undefined;
  /** undefined: it is not watched. */
  readonly watch: (PageLook & { readonly amiss: readonly Drift[] }) | undefined;
}

/** What is heard of each Page beside its calls. Ids are those of the configuration: the memory is bounded by it. */
export class PageBoard {
  readonly #now: () => number;
  readonly #tokens = new Map<string, TokenWord>();
  readonly #webhooks = new Map<string, number>();

  /** @param now wall-clock milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Something of the Page came by webhook. */
  heard(pageId: string, atMs: number): void {
    this.#webhooks.set(pageId, atMs);
  }

  /** Meta answered, or refused, a request with its token. */
  token(pageId: string, state: 'accepted' | 'refused'): void {
    this.#tokens.set(pageId, { state, atMs: this.#now() });
  }

  /** @param look what the watch knows of a Page */
  list(
    { pages, numbers }: Pick<GatewayConfig['meta'], 'pages' | 'numbers'>,
    look: (pageId: string) => PageView['watch'],
  ): PageView[] {
    return [
      ...pages.map((page) => ({ ...this.#view(page, 'messenger'), watch: look(page.id) })),
      ...numbers.map((number) => ({ ...this.#view(number, 'whatsapp'), watch: undefined })),
    ];
  }

  #view(
    { id, name, app, route }: Pick<PageView, 'id' | 'name' | 'app' | 'route'>,
    platform: PageView['platform'],
  ): Omit<PageView, 'watch'> {
    const token = this.#tokens.get(id) ?? { state: 'unknown' };
    return { id, name, platform, app, route, token, lastWebhookAtMs: this.#webhooks.get(id) };
  }
}
