import type { GraphFailure } from '../../meta/index.ts';

/** How a step stands. `detail` and `remedy` are for people. */
export type Finding =
  | { readonly ok: true; readonly detail: string }
  | { readonly ok: false; readonly detail: string; readonly remedy?: string };

/** One thing that must be right before calls reach the gateway. */
export interface Step {
  readonly name: string;
  check(): Promise<Finding>;
  /** Makes it right; a failure when it could not. Absent: only people can. */
  readonly apply?: () => Promise<GraphFailure | undefined>;
}

export const right = (detail: string): Finding => ({ ok: true, detail });

export const missing = (detail: string, remedy?: string): Finding => ({
  ok: false,
  detail,
  ...(remedy === undefined ? {} : { remedy }),
});

export const unknown = ({ message, remedy }: GraphFailure): Finding => missing(message, remedy);
