import type { Refusal } from '../../http/index.ts';
import type { GraphFailure } from '../../meta/index.ts';

/** Refusals that several requests share. */
export const NO_CALL: Refusal = {
  status: 404,
  problem: {
    field: 'id',
    message: 'there is no such call.',
    remedy: 'GET /calls lists those that are there.',
  },
};

export const unknownPage = (field: string): Refusal => ({
  status: 404,
  problem: {
    field,
    message: 'it is none of meta.pages.',
    remedy: 'Use the id of a Page of the configuration.',
  },
});

/** Meta's failure is not the operator's: 502, but for what is told apart by more than words. */
export function refusalOf(failure: GraphFailure): Refusal {
  const { kind, message, remedy, code, subcode, fbtraceId, retryAfterS } = failure;
  const known = Object.entries({ code, subcode, fbtraceId }).filter(([, value]) => value !== undefined);
  return {
    status: kind === 'throttled' ? 503 : kind === 'person' ? 404 : 502,
    problem: {
      field: kind === 'person' ? 'psid' : 'graph',
      message,
      ...(remedy ? { remedy } : {}),
      kind,
      ...Object.fromEntries(known),
    },
    ...(retryAfterS === undefined ? {} : { retryAfterS }),
  };
}

export function iso(ms: number): string;
export function iso(ms: number | undefined): string | undefined;
export function iso(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}
