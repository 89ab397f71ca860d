import type { GatewayConfig } from '../../config/index.ts';

/** The configuration in effect. Whoever holds a call holds the one that the call began with. */
export class LiveConfig {
  #now: GatewayConfig;

  constructor(config: GatewayConfig) {
    this.#now = config;
  }

  get now(): GatewayConfig {
    return this.#now;
  }

  /** These options, with the configuration in effect whenever it is read. */
  in<T extends object>(options: T): T & { readonly config: GatewayConfig } {
    const now = { get: () => this.#now, enumerable: true, configurable: true };
    return Object.defineProperty({ ...options }, 'config', now) as T & { readonly config: GatewayConfig };
  }

  replace(config: GatewayConfig): void {
    this.#now = config;
  }
}

/** `make(of())`, made again when `of` is another object. */
export function remade<K, T>(of: () => K, make: (of: K) => T): () => T {
  let last: { readonly of: K; readonly made: T } | undefined;
  return () => {
    const now = of();
    if (last?.of !== now) last = { of: now, made: make(now) };
    return last.made;
  };
}
