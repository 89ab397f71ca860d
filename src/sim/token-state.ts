import type { Refusal } from './graph-refusal.ts';

/** What Meta thinks of the Page's token, as far as somebody changed it. */
export interface TokenState {
  /** false: the person who issued it changed the password, or lost the role. */
  readonly valid?: boolean;
  /** Unix seconds; 0, the default: it does not expire by time. */
  readonly expiresAtS?: number;
  readonly scopes?: readonly string[];
  /** The Page that it speaks for. */
  readonly profileId?: string;
  /** The app that issued it. */
  readonly appId?: string;
}

const SCOPES = {
  messenger: ['pages_messaging', 'pages_manage_metadata'],
  whatsapp: ['whatsapp_business_messaging', 'whatsapp_business_management'],
} as const;

/** Of a token that nobody changed. */
export const scopesOf = (
  { scopes }: TokenState,
  platform: keyof typeof SCOPES = 'messenger',
): readonly string[] => scopes ?? SCOPES[platform];

/** @param nowMs milliseconds since the epoch */
export function isAlive({ valid = true, expiresAtS = 0 }: TokenState, nowMs: number): boolean {
  return valid && (expiresAtS === 0 || expiresAtS * 1_000 > nowMs);
}

/** Whether a request in the Page's name is refused for its token: dead, of another Page, or without the permission. */
export function tokenRefusal(
  token: TokenState,
  { pageId, platform }: { readonly pageId: string; readonly platform?: keyof typeof SCOPES | undefined },
  nowMs: number,
): Refusal | undefined {
  if (!isAlive(token, nowMs)) {
    const [subcode, why] =
      token.valid === false ? [460, 'the password was changed'] : [463, 'it has expired'];
    return { status: 401, code: 190, subcode, message: `Error validating access token: ${why}` };
  }
  if (token.profileId !== undefined && token.profileId !== pageId) {
    const message =
      'Unsupported request: the object does not exist, or the token lacks the permission for it';
    return { status: 400, code: 100, subcode: 33, message };
  }
  const [needed = ''] = SCOPES[platform ?? 'messenger'];
  if (scopesOf(token, platform).includes(needed)) return undefined;
  return { status: 403, code: 200, message: `(#200) Requires ${needed} permission to manage the object` };
}
