import { fitsPattern } from './user-pattern.ts';

/** Who may call out, as whom, and to whom: one rule; the first that fits counts. */
export interface OutboundRule {
  /** The trunk that the INVITE came from. */
  readonly trunk: string;
  /** The number called begins so; it is taken away. */
  readonly prefix?: string | undefined;
  /** User part of the caller's From: an extension. */
  readonly caller?: string | undefined;
  /** Headers that its INVITE must have: name and pattern (`fitsPattern`). */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The Page that calls; unset: the header names it. */
  readonly page?: string | undefined;
  /** An INVITE header that names the Page. */
  readonly pageHeader?: string | undefined;
  readonly requestPermission: boolean;
  /** Meta is told when the phone holds. */
  readonly holdTellsMeta: boolean;
  /** Who transfers, when an operator does not say; default: the gateway. */
  readonly transfer?: 'gateway' | 'pbx';
  /** A phone that transferred and hung up is rung when nobody took the call. */
  readonly transferRecall?: boolean;
  /** A sound that both hear when they are connected. */
  readonly announcement?: string | undefined;
  readonly recording?: 'off' | 'on-demand' | 'always';
}

export interface OutboundRequest {
  readonly trunk: string;
  /** User part of the Request-URI. */
  readonly number: string;
  /** User part of From. */
  readonly caller: string;
  readonly header: (name: string) => string | undefined;
  readonly isPage: (pageId: string) => boolean;
}

export type OutboundChoice =
  | { readonly ok: true; readonly pageId: string; readonly number: string; readonly rule: OutboundRule }
  | { readonly ok: false; readonly status: number; readonly phrase: string };

/** Whether any rule lets this trunk call as that Page: a short number must not lead to a Page of somebody else's. */
export function mayCallAs(rules: readonly OutboundRule[], trunk: string, pageId: string): boolean {
  return rules.some(
    (rule) => rule.trunk === trunk && (rule.page === pageId || rule.pageHeader !== undefined),
  );
}

/** Characters of a header that are looked at. */
const MAX_HEADER = 1_024;

/** A PSID: digits, as Meta writes them; up to 20, so that no short number is taken for one. */
const PSID = /^\d{10,20}$/;

/** Which Page calls whom. A number that starts with the rule's prefix is meant without it. */
export function chooseOutbound(rules: readonly OutboundRule[], request: OutboundRequest): OutboundChoice {
  const { trunk, number, caller } = request;
  const mine = rules.filter((rule) => rule.trunk === trunk);
  if (mine.length === 0) return { ok: false, status: 403, phrase: 'Outbound Calls Not Allowed' };
  const rule = mine.find(
    (each) =>
      number.startsWith(each.prefix ?? '') &&
      number.length > (each.prefix ?? '').length &&
      (each.caller === undefined || each.caller === caller) &&
      hasHeaders(each.headers, request),
  );
  if (!rule) return { ok: false, status: 404, phrase: 'No Outbound Rule For This Number' };
  const named = rule.pageHeader === undefined ? undefined : request.header(rule.pageHeader)?.trim();
  const pageId = named ?? rule.page;
  if (pageId === undefined) {
    return { ok: false, status: 400, phrase: `Missing ${rule.pageHeader ?? 'Page'} Header` };
  }
  if (!request.isPage(pageId)) return { ok: false, status: 404, phrase: 'Unknown Page' };
  return { ok: true, pageId, number: number.slice((rule.prefix ?? '').length), rule };
}

/** A header that is not there fits no pattern, not even `*`. */
const hasHeaders = (wanted: OutboundRule['headers'], { header }: OutboundRequest): boolean =>
  Object.entries(wanted ?? {}).every(([name, pattern]) => {
    const value = header(name)?.trim();
    return value !== undefined && fitsPattern(pattern, value.slice(0, MAX_HEADER));
  });

/** E.164: digits, at most 15; a phone may put a plus in front. */
const WA_ID = /^\+?([1-9]\d{6,14})$/;

/** The number as WhatsApp's id of its owner, or undefined. */
export const waIdOf = (number: string): string | undefined => WA_ID.exec(number)?.[1];

/** The number as a PSID, or undefined: it must be an alias then. */
export const psidOf = (number: string): string | undefined => (PSID.test(number) ? number : undefined);
