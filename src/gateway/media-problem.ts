import { parseSipDescription } from '../sdp/index.ts';
import type { CallTrunk } from './phone-session.ts';

const REFUSALS: Readonly<Record<string, string>> = {
  SDP_NO_SRTP: 'SRTP Required',
  SDP_SRTP_OFF: 'SRTP Not Supported',
};

/** What is wrong with an offer, before anybody is disturbed; no offer is fine: ours goes into the 200. */
export function mediaProblem(sdp: string | undefined, { codecs, srtp }: CallTrunk): string | undefined {
  if (sdp === undefined) return undefined;
  const parsed = parseSipDescription(sdp, srtp);
  if (!parsed.ok) return REFUSALS[parsed.error.code] ?? 'Not Acceptable Here';
  const names = codecs.map((codec) => codec.toLowerCase());
  const { payloads } = parsed.value.audio;
  return payloads.some(({ name }) => names.includes(name.toLowerCase())) ? undefined : 'No Common Codec';
}
