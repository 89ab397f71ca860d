import { ok, type Result } from '../shared/result.ts';
import { problem, type SdpProblem } from './problem.ts';

/** A description as it stands in a Graph reply or a webhook. */
export interface MetaSession {
  readonly type: 'offer' | 'answer';
  readonly sdp: string;
}

/**
 * Reads Meta's ways of handing a description over: `{sdp_type, sdp}`, the same as a JSON string, or the bare SDP,
 * whose type is the one that its place implies. Errors: SDP_MALFORMED with `field`.
 * @param implied `answer` for `sdp_response`, `offer` for `sdp_renegotiation` and for media_update
 */
export function parseMetaSession(
  session: unknown,
  implied: MetaSession['type'],
): Result<MetaSession, SdpProblem> {
  const value = typeof session === 'string' && session.trimStart().startsWith('{') ? json(session) : session;
  if (typeof value === 'string') return sdpOf(value, implied);
  if (typeof value !== 'object' || value === null) {
    return problem(
      'SDP_MALFORMED',
      `A description is ${typeof value}, not an object or a string.`,
      'session',
    );
  }
  const { sdp, sdp_type: type } = value as { readonly sdp?: unknown; readonly sdp_type?: unknown };
  if (typeof sdp !== 'string')
    return problem('SDP_MALFORMED', 'The session has no sdp string.', 'session.sdp');
  const named = typeof type === 'string' ? type.toLowerCase() : undefined;
  return sdpOf(sdp, named === 'offer' || named === 'answer' ? named : implied);
}

function sdpOf(sdp: string, type: MetaSession['type']): Result<MetaSession, SdpProblem> {
  if (/^\s*v=0/.test(sdp)) return ok({ type, sdp });
  return problem('SDP_MALFORMED', 'The description does not begin with v=0.', 'v=');
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
