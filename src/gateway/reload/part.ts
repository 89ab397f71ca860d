import type { GatewayConfig } from '../../config/index.ts';

/** A part of the gateway that follows the configuration while it runs. */
export interface ReloadPart {
  /** For the log. */
  readonly name: string;
  /** `prepare` changes or makes something, which `discard` takes back as far as it can: not asked in a dry run. */
  readonly acts?: boolean;
  /**
   * Everything that may fail, or must be waited for; what is in use stays as it is (but see `acts`). Rejects with a GatewayError: the
   * whole reload is off. Nothing: this part has nothing to do. Unchanged parts of `next` are the objects of `before`.
   */
  prepare(
    next: GatewayConfig,
    before: GatewayConfig,
  ): Promise<PreparedPart | undefined> | PreparedPart | undefined;
}

export interface PreparedPart {
  /** Something changed that the configuration does not show, as a file that it names. */
  readonly isNews?: boolean;
  /** Takes it up, at once and without a way to fail; all parts do in the same turn of the event loop. */
  commit(): void;
  /** In place of `commit`, when another part could not: undoes what `prepare` opened. Never rejects. */
  discard?(): void | Promise<void>;
}

/** A part that only has to be told. */
export const told = (name: string, commit: (next: GatewayConfig) => void): ReloadPart => ({
  name,
  prepare: (next) => ({ commit: () => commit(next) }),
});
