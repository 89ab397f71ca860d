import { createHmac } from 'node:crypto';

const PREFIX = 'whsec_';

/** The key in a secret of Standard Webhooks: base64 behind `whsec_`, 24 to 64 bytes; undefined: it is none. */
export function webhookKey(secret: string): Buffer | undefined {
  if (!secret.startsWith(PREFIX)) return undefined;
  const text = secret.slice(PREFIX.length);
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  const key = Buffer.from(text, 'base64');
  return key.length >= 24 && key.length <= 64 ? key : undefined;
}

/**
 * `webhook-signature` of Standard Webhooks 1.0: HMAC-SHA256 over id, timestamp and body, base64, one for each key.
 * @param timestampS seconds since the epoch
 */
export function signatureOf(keys: readonly Buffer[], id: string, timestampS: number, body: string): string {
  return keys
    .map((key) => `v1,${createHmac('sha256', key).update(`${id}.${timestampS}.${body}`).digest('base64')}`)
    .join(' ');
}
