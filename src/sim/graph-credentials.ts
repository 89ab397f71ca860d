import { createHmac, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Refusal } from './graph-refusal.ts';

export interface Credentials {
  readonly accessToken: string;
  readonly appSecret: string;
  /** Of the app; unset: any goes with the right secret. */
  readonly appId?: string | undefined;
  /** The app has "Require App Secret" on. */
  readonly requireAppSecretProof?: boolean | undefined;
}

/** The Page's token, or the app's own (`id|secret`) first (190), then the proof (100 without subcode): header or query, any one will do. */
export function checkCredentials(
  request: FastifyRequest,
  { accessToken, appId, appSecret, requireAppSecretProof }: Credentials,
  whose: 'page' | 'app',
): Refusal | undefined {
  const query = request.query as Record<string, unknown>;
  const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  const token = bearer ?? String(query['access_token'] ?? query['oauth_token'] ?? '');
  if (token === '')
    return {
      status: 401,
      code: 190,
      message: 'An access token is required to request this resource.',
    };
  const [id, ...secret] = token.split('|');
  const known =
    whose === 'page'
      ? same(token, accessToken)
      : id !== '' && (appId === undefined || id === appId) && same(secret.join('|'), appSecret);
  if (!known)
    return { status: 401, code: 190, message: 'Invalid OAuth access token - Cannot parse access token' };
  const proof = query['appsecret_proof'];
  if (proof === undefined) {
    if (requireAppSecretProof !== true) return undefined;
    return {
      status: 400,
      code: 100,
      message: 'API calls from the server require an appsecret_proof argument',
    };
  }
  const expected = createHmac('sha256', appSecret).update(token).digest('hex');
  if (same(String(proof), expected)) return undefined;
  return { status: 400, code: 100, message: 'Invalid appsecret_proof provided in the API argument' };
}

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
