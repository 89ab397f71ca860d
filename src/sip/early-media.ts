import { splitOutside } from './grammar.ts';

/** Directions of P-Early-Media, as the other side sees them: with `sendonly` and `sendrecv` we may hear it. */
export type EarlyMedia = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

const DIRECTIONS: ReadonlySet<string> = new Set(['sendrecv', 'sendonly', 'recvonly', 'inactive']);

/**
 * What P-Early-Media (RFC 5009 8) authorizes of the first media line; undefined when it is not there, or says nothing
 * of a direction (`supported`; `gated`: somebody on the way sees to it).
 */
export function earlyMediaOf(message: { header(name: string): string | undefined }): EarlyMedia | undefined {
  const values = splitOutside((message.header('p-early-media') ?? '').slice(0, 256), ',');
  const said = values.map((value) => value.toLowerCase()).find((value) => DIRECTIONS.has(value));
  return said as EarlyMedia | undefined;
}
