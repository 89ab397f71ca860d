import type { GatewayConfig } from '../config/index.ts';
import type { PageCredentials } from '../meta/index.ts';
import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';

/** Files are read again once in this time at most: a revoked token must not make every request read them. */
const READ_AGAIN_MS = 60_000;

type MetaConfig = Pick<GatewayConfig['meta'], 'apps' | 'pages' | 'numbers'>;

export interface CredentialsOptions {
  readonly meta: MetaConfig;
  /** The configuration as it is now, secrets from their files included; undefined: it cannot be read, or is wrong. */
  readonly reload?: (() => MetaConfig | undefined) | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** Tokens of Pages and WhatsApp numbers, and secrets of apps; a rotated file is taken up without a restart. */
export class Credentials {
  readonly #options: CredentialsOptions;
  /** Of Pages and numbers that are not ours any more: their calls are still ended. */
  readonly #former = new Map<string, PageCredentials>();
  #meta: MetaConfig;
  #readAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: CredentialsOptions) {
    this.#options = options;
    this.#meta = options.meta;
  }

  of(pageId: string): PageCredentials | undefined {
    const page = [...this.#meta.pages, ...this.#meta.numbers].find(({ id }) => id === pageId);
    if (!page) return this.#former.get(pageId);
    const app = this.#meta.apps.find(({ id }) => id === page.app);
    return {
      accessToken: page.accessToken,
      appId: page.app,
      ...(app ? { appSecret: app.secret } : {}),
    };
  }

  /** Of all apps: which of them signed a webhook is not said. */
  get appSecrets(): readonly string[] {
    return this.#meta.apps.map(({ secret }) => secret);
  }

  get verifyTokens(): readonly string[] {
    return this.#meta.apps.map(({ verifyToken }) => verifyToken);
  }

  /** Meta refused the token of this Page. */
  refused(pageId: string): void {
    const { clock } = this.#options;
    if (clock.monotonic() - this.#readAtMs < READ_AGAIN_MS) return;
    const before = this.of(pageId)?.accessToken;
    this.refresh();
    this.#options.log.warn(
      { pageId, replaced: before !== this.of(pageId)?.accessToken },
      'meta.token-refused',
    );
  }

  /** The configuration has changed: other Pages, numbers and apps, with their secrets. */
  replace(meta: MetaConfig): void {
    for (const { id } of [...this.#meta.pages, ...this.#meta.numbers]) {
      const held = this.of(id);
      if (held) this.#former.set(id, held);
    }
    this.#meta = meta;
  }

  /** Reads secrets again; the Pages and apps stay what they are, and what cannot be read stays as it is. */
  refresh(): void {
    const { clock, reload } = this.#options;
    this.#readAtMs = clock.monotonic();
    const now = reload?.();
    if (!now) return;
    this.#meta = {
      apps: this.#meta.apps.map((app) => ({
        ...app,
        ...secretsOf(now.apps.find(({ id }) => id === app.id)),
      })),
      pages: this.#meta.pages.map((page) => ({ ...page, ...tokenOf(page.id, now.pages) })),
      numbers: this.#meta.numbers.map((number) => ({ ...number, ...tokenOf(number.id, now.numbers) })),
    };
  }
}

function tokenOf(id: string, now: readonly { readonly id: string; readonly accessToken: string }[]): object {
  const found = now.find((each) => each.id === id);
  return found ? { accessToken: found.accessToken } : {};
}

function secretsOf(app: MetaConfig['apps'][number] | undefined): object {
  return app ? { secret: app.secret, verifyToken: app.verifyToken } : {};
}
