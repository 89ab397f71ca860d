import { isIP } from 'node:net';

/** What a certificate says of its owner, as far as SIP asks (RFC 5922 7.1). */
export interface Identities {
  /** Lower case, without a final dot. */
  readonly domains: readonly string[];
  readonly addresses: readonly string[];
}

/** The fields of a peer's certificate that name its owner, in Node's text forms. */
export interface NamedCertificate {
  /** `DNS:a.example, URI:sip:b.example, IP Address:192.0.2.1`. */
  readonly subjectaltname?: string | undefined;
  readonly subject?: { readonly CN?: string | readonly string[] | undefined } | undefined;
}

/**
 * RFC 5922 7.1: `sip:` URIs without user are the owner's domains; DNS names count when there are none; the common
 * name when there is no subject alternative name at all.
 */
export function identities(certificate: NamedCertificate): Identities {
  const sip: string[] = [];
  const dns: string[] = [];
  const addresses: string[] = [];
  const names = certificate.subjectaltname;
  if (names === undefined || names === '') {
    const common = certificate.subject?.CN;
    const all = common === undefined ? [] : typeof common === 'string' ? [common] : [...common];
    return { domains: all.map(plain), addresses: [] };
  }
  // Node quotes what holds a comma or worse; no SIP domain does, and who forges one gets no other.
  if (names.includes('"')) return { domains: [], addresses: [] };
  for (const entry of names.split(', ')) {
    const colon = entry.indexOf(':');
    const kind = entry.slice(0, colon);
    const value = entry.slice(colon + 1);
    if (colon < 0 || /[\\@\s]/.test(value)) continue;
    if (kind === 'URI' && /^sip:/i.test(value)) sip.push(plain(value.slice(4).replace(/[;?].*$/s, '')));
    else if (kind === 'DNS') dns.push(plain(value));
    else if (kind === 'IP Address') addresses.push(canonical(value));
  }
  return { domains: sip.length > 0 ? sip : dns, addresses };
}

/**
 * Whether the owner is that SIP domain (RFC 5922 7.2): the whole name or nothing.
 *
 * @param wildcards takes `*.example.com` for one label, as the web does; RFC 5922 forbids it
 */
export function isIdentity(owner: Identities, domain: string, wildcards = false): boolean {
  const wanted = plain(domain);
  if (isIP(wanted) !== 0) return [...owner.addresses, ...owner.domains].includes(canonical(wanted));
  if (owner.domains.includes(wanted)) return true;
  const dot = wanted.indexOf('.');
  return wildcards && dot > 0 && owner.domains.includes(`*${wanted.slice(dot)}`);
}

const plain = (name: string): string => name.toLowerCase().replace(/\.$/, '');

/** One text for each IPv6 address. */
function canonical(address: string): string {
  // No certificate and no SIP URI names a zone, but any client may ask for one (SNI).
  if (isIP(address) !== 6 || address.includes('%')) return address;
  return new URL(`http://[${address}]/`).hostname.slice(1, -1);
}
