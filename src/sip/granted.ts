import { deltaSeconds, parseNameAddr, splitOutside, userOf } from './grammar.ts';

/**
 * How long the registrar keeps our Contact, seconds (RFC 3261 10.2.4): the 200 lists every Contact of the address of
 * record, each with its own expiry. 0 when it is not kept.
 *
 * @param contacts value of Contact in the 200
 * @param ours our own Contact as it went out
 * @param expires value of Expires in the 200
 * @param askedS what we asked for
 */
export function grantedSeconds(
  contacts: string | undefined,
  ours: string,
  expires: string | undefined,
  askedS: number,
): number {
  const listed = splitOutside(contacts ?? '', ',').map(parseNameAddr);
  const wanted = parseNameAddr(ours).uri;
  // Some write the address that they see in place of the one that we gave.
  const own =
    listed.find(({ uri }) => bare(uri) === bare(wanted)) ??
    listed.find(({ uri }) => userOf(uri) !== '' && userOf(uri) === userOf(wanted)) ??
    (listed.length === 1 ? listed[0] : undefined);
  if (listed.length > 1 && !own) return 0;
  return deltaSeconds(own?.params.get('expires')) ?? deltaSeconds(expires) ?? askedS;
}

/** A URI for comparison: no parameters, scheme and host in lower case (users are told apart by case, 19.1.4). */
function bare(uri: string): string {
  const [head = ''] = splitOutside(uri, ';');
  const at = head.lastIndexOf('@');
  return head.slice(0, at + 1) + head.slice(at + 1).toLowerCase();
}
