import { randomBytes } from 'node:crypto';
import type { FastifyReply } from 'fastify';

/** Why Graph says no. */
export interface Refusal {
  readonly status: number;
  readonly code: number;
  readonly subcode?: number;
  readonly message: string;
}

/** Numbers of the calling pages; the text is ours. */
export const CALLING = {
  badCall: { code: 2018390, message: 'Invalid call id' },
  noConnection: { code: 2018391, message: 'The connection parameter is empty' },
  badSdp: { code: 2018392, message: 'Invalid SDP' },
  failed: { code: 2018395, message: 'The call has failed' },
  ended: { code: 2018396, message: 'The call has ended' },
} as const;

/**
 * One of the calling errors. Meta's pages list the number without saying where it stands; it is seen as `code` and
 * as `error_subcode` of 100.
 */
export function callingError(
  { code, message }: { readonly code: number; readonly message: string },
  asSubcode: boolean,
  detail = '',
): Refusal {
  const text = detail ? `${message}: ${detail}` : message;
  return asSubcode
    ? { status: 400, code: 100, subcode: code, message: `(#100) ${text}` }
    : { status: 400, code, message: text };
}

/** Why nothing can be done with a call that is over. */
export function callOver(
  { end }: { readonly end: { readonly status: string } | undefined },
  asSubcode: boolean,
): Refusal {
  return callingError(end?.status === 'Failed' ? CALLING.failed : CALLING.ended, asSubcode);
}

export const NO_SUCH_PERSON: Refusal = {
  status: 400,
  code: 100,
  subcode: 2018001,
  message: '(#100) No matching user found',
};

/** 100 without a subcode. */
export function invalidParameter(message: string): Refusal {
  return { status: 400, code: 100, message: `(#100) ${message}` };
}

/** The envelope around `error`, or what stands in it (the reference pages print it without). */
export function errorBody({ code, subcode, message }: Omit<Refusal, 'status'>): object {
  return {
    message,
    type: 'OAuthException',
    code,
    ...(subcode === undefined ? {} : { error_subcode: subcode }),
    is_transient: code === 1 || code === 2,
    fbtrace_id: `A${randomBytes(8).toString('base64url')}`,
  };
}

export function refuse(reply: FastifyReply, refusal: Refusal): FastifyReply {
  return reply.code(refusal.status).send({ error: errorBody(refusal) });
}
