import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * `X-Hub-Signature-256: sha256=<hex>`: HMAC-SHA256 with an app secret over the raw bytes received (Meta signs its
 * own escaped text, so a re-serialised body never matches). Several apps may share one URL: any secret will do.
 * Compares in constant time. An empty secret matches nothing, because anybody can sign with it.
 */
export function verifySignature(
  raw: Uint8Array,
  header: string | undefined,
  secrets: readonly string[],
): boolean {
  const hex = /^\s*sha256=([0-9a-f]{64})\s*$/i.exec(header ?? '')?.[1];
  if (!hex) return false;
  const given = Buffer.from(hex, 'hex');
  let matched = false;
  for (const secret of secrets) {
    const expected = createHmac('sha256', secret).update(raw).digest();
    if (timingSafeEqual(expected, given) && secret !== '') matched = true;
  }
  return matched;
}

/** The header for a body; what Meta (and the simulator) sends. */
export function signatureOf(raw: Uint8Array, secret: string): string {
  return `sha256=${createHmac('sha256', secret).update(raw).digest('hex')}`;
}

/** `appsecret_proof`: lower-case hex HMAC-SHA256 of the access token, keyed with the secret of the app that made it. */
export function appSecretProof(accessToken: string, appSecret: string): string {
  return createHmac('sha256', appSecret).update(accessToken).digest('hex');
}

/**
 * The verification handshake: the challenge to answer with as text (it may look like a number but is none), or
 * undefined for 403.
 */
export function answerHandshake(
  query: Readonly<Record<string, unknown>>,
  verifyTokens: readonly string[],
): string | undefined {
  const { 'hub.mode': mode, 'hub.verify_token': token, 'hub.challenge': challenge } = query;
  if (mode !== 'subscribe' || typeof token !== 'string' || typeof challenge !== 'string') return undefined;
  let matched = false;
  for (const wanted of verifyTokens) if (sameText(wanted, token) && wanted !== '') matched = true;
  return matched ? challenge : undefined;
}

/** In constant time, whatever the lengths: both are hashed first. */
function sameText(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) => createHmac('sha256', 'compare').update(text).digest());
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}
