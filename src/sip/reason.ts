import { cleanText, paramsOf, quoteString, splitOutside } from './grammar.ts';

/** One value of a Reason header (RFC 3326): why a BYE or CANCEL was sent, or (RFC 6432) a call was refused. */
export interface Reason {
  /** Q.850 cause (1 to 127) or SIP status. */
  readonly cause: number;
  readonly text: string;
  /** Default Q.850. */
  readonly protocol?: 'SIP' | 'Q.850';
}

/** What a Reason header said, by protocol. `text` is the first one given. */
export interface ReceivedReason {
  /** Q.850 cause, 0 to 127. */
  readonly q850?: number;
  /** SIP status, 100 to 699. */
  readonly sip?: number;
  readonly text?: string;
}

/** `Q.850;cause=16;text="Normal call clearing"`. */
export function formatReason(reason: Reason): string {
  const text = cleanText(reason.text);
  const value = `${reason.protocol ?? 'Q.850'};cause=${Math.trunc(reason.cause)}`;
  return text === '' ? value : `${value};text=${quoteString(text)}`;
}

/** Reads a Reason header (all its values); unknown protocols and impossible causes are passed over. */
export function parseReason(value: string | undefined): ReceivedReason {
  const found: { q850?: number; sip?: number; text?: string } = {};
  for (const item of splitOutside(value ?? '', ',')) {
    const [protocol = '', ...rest] = splitOutside(item, ';');
    const params = paramsOf(rest);
    const digits = params.get('cause') ?? '';
    const cause = /^\d{1,3}$/.test(digits) ? Number(digits) : -1;
    const name = protocol.toUpperCase();
    if (name === 'Q.850' && cause >= 0 && cause <= 127) found.q850 ??= cause;
    else if (name === 'SIP' && cause >= 100 && cause <= 699) found.sip ??= cause;
    else continue;
    const text = params.get('text');
    if (text !== undefined && text !== '') found.text ??= text;
  }
  return found;
}
