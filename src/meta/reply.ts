import { idOf, isObject, type JsonObject, parseJsonLossless, wordOf } from './json.ts';
import { sdpOf } from './sdp-value.ts';

/** Both SDPs of a reply to `/calls`, in every place that Meta's pages and implementers name; lines end with CRLF. */
export function sessionOfReply(body: JsonObject): { answerSdp?: string; renegotiationSdp?: string } {
  const raw = body['session'];
  const parsed = typeof raw === 'string' ? parseJsonLossless(raw) : undefined;
  const session = parsed?.ok ? parsed.value : raw;
  const holder = isObject(session) ? session : body;
  const answerSdp =
    sdpOf(holder['sdp_response']) ??
    sdpOf(body['sdp_response']) ??
    // `session: { sdp_type, sdp }`, or the same flat; an offer in that place is ours come back.
    (wordOf(holder['sdp_type']) === 'offer' ? undefined : sdpOf(holder['sdp'])) ??
    (typeof session === 'string' ? sdpOf(session) : undefined);
  const renegotiationSdp = sdpOf(holder['sdp_renegotiation']) ?? sdpOf(body['sdp_renegotiation']);
  return {
    ...(answerSdp === undefined ? {} : { answerSdp }),
    ...(renegotiationSdp === undefined ? {} : { renegotiationSdp }),
  };
}

/** What a reply to connect calls the new call: `id` (guide) or `call_id` (reference). */
export function callIdOfReply(body: JsonObject): string | undefined {
  return idOf(body['id']) ?? idOf(body['call_id']);
}

/** The message's id, in any of the three places where Meta's pages have it. */
export function messageIdOfReply(body: JsonObject): string | undefined {
  const recipient = body['recipient'];
  return idOf(body['message_id']) ?? (isObject(recipient) ? idOf(recipient['message_id']) : undefined);
}

/** The name as one line, from whichever fields could be read. */
export function nameOfProfile(body: JsonObject): string | undefined {
  const { name, first_name: first, last_name: last } = body;
  const whole = textOf(name);
  if (whole) return whole;
  const parts = [textOf(first), textOf(last)].filter((part) => part !== '');
  return parts.length > 0 ? parts.join(' ') : undefined;
}

/** `de_DE`, when it was asked for and told. */
export function languageOfProfile({ locale }: JsonObject): string | undefined {
  return textOf(locale) || undefined;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.trim() : '';
}
