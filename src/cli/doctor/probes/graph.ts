import type { GatewayConfig } from '../../../config/index.ts';
import type { GraphFact } from '../facts.ts';
import { reasonOf } from './reason.ts';

/** Asks Graph anything, without a token: any answer will do, and its Date. Never rejects. */
export async function probeGraph(
  { graphUrl, version }: Pick<GatewayConfig['meta'], 'graphUrl' | 'version'>,
  timeoutMs: number,
): Promise<GraphFact> {
  const base = graphUrl.replace(/\/+$/, '');
  const { host } = new URL(base);
  const sentAtMs = Date.now();
  try {
    const reply = await fetch(`${base}/${version}/`, {
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const receivedAtMs = Date.now();
    await reply.body?.cancel();
    const date = Date.parse(reply.headers.get('date') ?? '');
    // It was made somewhere between, and has no fraction: half a second later on average.
    const oursMs = (sentAtMs + receivedAtMs) / 2;
    return { host, ...(Number.isNaN(date) ? {} : { aheadMs: Math.round(date + 500 - oursMs) }) };
  } catch (error) {
    const reason = reasonOf(error);
    return { host, error: reason, notFound: /^(ENOTFOUND|EAI_)/.test(reason) };
  }
}
