import { failureFrom, type GraphFailure } from './failure.ts';
import { sessionOfReply } from './reply.ts';
import type { GraphRequester } from './requester.ts';
import { crlf } from './sdp-value.ts';
import type { CallsRequest, WireTrack } from './wire.ts';

/** A change of our media, from one version of the session to the next. */
export interface MediaUpdate {
  readonly fromVersion: number;
  /** Toggling a track needs no offer. `msid` is the track id: the second token of the offer's `a=msid`. */
  readonly tracks?: readonly WireTrack[];
  /** The full offer, when the session changes. */
  readonly offerSdp?: string;
}

/**
 * `conflict` as the failure's kind: both sides changed at once, said by an error or by a 200 without the SDP that an
 * offer is answered with. Meta does not tell the version that counts: its webhook does.
 */
export type MediaUpdateOutcome =
  | { readonly ok: true; readonly answerSdp?: string; readonly renegotiationSdp?: string }
  | { readonly ok: false; readonly failure: GraphFailure };

/**
 * `POST /{page}/calls` with `action: media_update`. Versions are integers; Meta's guide types them as text, so a reply
 * that refuses a parameter (100) is asked once more with text. Anything else is not repeated.
 */
export async function sendMediaUpdate(
  requester: GraphRequester,
  timeoutMs: number,
  pageId: string,
  callId: string,
  update: MediaUpdate,
): Promise<MediaUpdateOutcome> {
  const send = (asText: boolean) => {
    const body = bodyOf(callId, update, asText);
    return requester.send({ pageId, action: body.action, callId, path: `/${pageId}/calls`, body, timeoutMs });
  };
  let reply = await send(false);
  if (!reply.ok && isBareParameter(reply.failure)) reply = await send(true);
  if (!reply.ok) return reply;
  const session = sessionOfReply(reply.body);
  if (update.offerSdp !== undefined && session.answerSdp === undefined)
    return { ok: false, failure: UNANSWERED };
  return { ok: true, ...session };
}

function bodyOf(
  callId: string,
  { fromVersion, tracks, offerSdp }: MediaUpdate,
  asText: boolean,
): CallsRequest {
  const version = (n: number): number | string => (asText ? String(n) : n);
  return {
    platform: 'messenger',
    call_id: callId,
    action: 'media_update',
    from_version: version(fromVersion),
    to_version: version(fromVersion + 1),
    ...(tracks ? { tracks } : {}),
    ...(offerSdp === undefined ? {} : { session: { sdp_type: 'offer', sdp: crlf(offerSdp) } }),
  };
}

function isBareParameter({ kind, code, subcode }: GraphFailure): boolean {
  return kind === 'invalid' && code === 100 && subcode === undefined;
}

const UNANSWERED = failureFrom({
  kind: 'conflict',
  sipStatus: 500,
  meaning: 'both sides changed the media at once (success without an answer)',
});
