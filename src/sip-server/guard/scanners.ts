import type { SipRequest } from '../message/message.ts';

/** How the User-Agent of the usual attack tools begins, in lower case. */
const NAMES = [
  'friendly-scanner',
  'friendly-request',
  'gulp',
  'iwar',
  'pplsip',
  'siparmyknife',
  'sipcli',
  'sippts',
  'sip-scan',
  'sipscan',
  'sipvicious',
  'sivus',
  'smap',
  'sundayaddr',
  'sundayddr',
  'vaxipuseragent',
  'vaxsipuseragent',
] as const;

/** Whether the request comes from an attack tool, by its User-Agent or by the name that SIPVicious calls from. */
export function isScanner({ headers, from }: SipRequest): boolean {
  const agent = headers.get('user-agent')?.toLowerCase();
  if (agent !== undefined && NAMES.some((name) => agent.startsWith(name))) return true;
  return from.display.toLowerCase() === '"sipvicious"';
}
