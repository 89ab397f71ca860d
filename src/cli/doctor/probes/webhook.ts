import { reach } from '../../setup/reach.ts';
import type { WebhookFact } from '../facts.ts';

/** What nobody signed; the gateway answers 401 before it reads it. */
const UNSIGNED = '{"object":"page","entry":[]}';

/** Asks a webhook URL as Meta does, and as somebody does who is not Meta. Never rejects. */
export async function probeWebhook(
  app: string,
  url: string,
  verifyToken: string,
  timeoutMs: number,
): Promise<WebhookFact> {
  const [found, unsignedStatus] = await Promise.all([reach(url, verifyToken), postUnsigned(url, timeoutMs)]);
  return {
    app,
    url,
    ...(found.ok ? {} : { handshake: found }),
    ...(unsignedStatus === undefined ? {} : { unsignedStatus }),
  };
}

async function postUnsigned(url: string, timeoutMs: number): Promise<number | undefined> {
  if (!URL.canParse(url)) return undefined;
  try {
    const reply = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
      headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` },
      body: UNSIGNED,
    });
    await reply.body?.cancel();
    return reply.status;
  } catch {
    return undefined;
  }
}
