import type { GraphEvent } from '../call/index.ts';

// What Graph was not asked for after all, because the call had ended by then: as if it had refused, for nothing of it is at Meta.

export const NOT_ACCEPTED = {
  type: 'graph.acceptFailed',
  kind: 'refused',
  code: 'not asked for',
} as const satisfies GraphEvent;

export const NOT_CONNECTED = {
  type: 'graph.connectFailed',
  ambiguous: false,
  refusal: { status: 487 },
  code: 'not asked for',
} as const satisfies GraphEvent;
