import { isIPv6 } from 'node:net';
import type { TraceEntry, TraceView } from './entry.ts';

const IPV4 = /\b(\d{1,3}\.\d{1,3})\.\d{1,3}\.\d{1,3}\b/g;
/** What may be IPv6: two colons at least, of hexadecimal groups. */
const MAYBE_IPV6 = /(?<![\w:.])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?![\w:])/gi;

/** Leaves the network of every IP address and hides the host: `192.0.x.x`, `2001:db8:x`. */
export function maskAddresses(text: string): string {
  return text
    .replace(IPV4, '$1.x.x')
    .replace(MAYBE_IPV6, (found) => (isIPv6(found) ? `${found.split(':').slice(0, 2).join(':')}:x` : found));
}

/** A trace that shows no address of a host. */
export function maskTrace(view: TraceView): TraceView {
  return { ...view, entries: view.entries.map(maskEntry) };
}

export function maskEntry(entry: TraceEntry): TraceEntry {
  const { what, data, sip } = entry;
  return {
    ...entry,
    what: maskAddresses(what),
    ...(data ? { data: Object.fromEntries(Object.entries(data).map(maskDatum)) } : {}),
    ...(sip
      ? {
          sip: {
            ...sip,
            local: { ...sip.local, address: maskAddresses(sip.local.address) },
            remote: { ...sip.remote, address: maskAddresses(sip.remote.address) },
            text: maskAddresses(sip.text),
          },
        }
      : {}),
  };
}

const maskDatum = ([name, value]: [string, string | number | boolean]): [
  string,
  string | number | boolean,
] => [name, typeof value === 'string' ? maskAddresses(value) : value];
