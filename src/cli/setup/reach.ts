import { randomBytes } from 'node:crypto';
import { type Finding, missing, right } from './step.ts';

/** As long as Meta waits for a webhook, ms. */
const PATIENCE_MS = 5_000;
const RUNNING = 'Is the gateway running, and does the TLS proxy hand the path on to http.listen?';

/** Asks a webhook URL as Meta does when it is entered: the challenge must come back as it is. */
export async function reach(url: string, verifyToken: string): Promise<Finding> {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed) return missing(`"${url}" is no URL`, 'Write it as https://calls.example.com/webhook.');
  const loopback = ['127.0.0.1', '[::1]', 'localhost'].includes(parsed.hostname);
  if (parsed.protocol !== 'https:' && !loopback) {
    return missing(
      `${url} is not https`,
      'Meta posts to HTTPS only, with a certificate that is publicly trusted.',
    );
  }
  const challenge = randomBytes(8).toString('hex');
  parsed.searchParams.set('hub.mode', 'subscribe');
  parsed.searchParams.set('hub.verify_token', verifyToken);
  parsed.searchParams.set('hub.challenge', challenge);
  try {
    const reply = await fetch(parsed, { redirect: 'manual', signal: AbortSignal.timeout(PATIENCE_MS) });
    const text = (await reply.text()).slice(0, 200);
    if (reply.status === 200 && text === challenge) return right(`${url} answers the handshake`);
    if (reply.status === 403) {
      return missing(
        `${url} refuses the verify token`,
        'The gateway there has another meta.apps[].verifyToken: is it running with this configuration?',
      );
    }
    return reply.status === 200
      ? missing(`${url} answers something else than the challenge`, RUNNING)
      : missing(`${url} answers with status ${reply.status}`, RUNNING);
  } catch (error) {
    return missing(`${url} cannot be reached from here (${reasonOf(error)})`, RUNNING);
  }
}

/** fetch hides the reason in its cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code;
  return cause instanceof Error ? cause.message : String(cause);
}
