/** An SRV record, RFC 2782. */
export interface Srv {
  readonly priority: number;
  readonly weight: number;
  readonly name: string;
  readonly port: number;
}

/** A NAPTR record with flag `s`, RFC 3403, as far as RFC 3263 4.1 uses it. */
export interface Naptr {
  readonly order: number;
  readonly preference: number;
  /** `SIP+D2U`, `SIP+D2T`, `SIPS+D2T`, in upper case. */
  readonly service: string;
  /** Name of the SRV records. */
  readonly replacement: string;
}

/** What is known of a name, and for how long; no records: the name or the type does not exist. */
export interface Answer<T> {
  readonly records: readonly T[];
  readonly ttlMs: number;
}

/** Names to records. Rejects when nobody could say; a name that does not exist is an empty answer. */
export interface Resolver {
  naptr(name: string): Promise<Answer<Naptr>>;
  srv(name: string): Promise<Answer<Srv>>;
  addresses(name: string, family: 4 | 6): Promise<Answer<string>>;
  /** Gives up what is under way. */
  close(): void;
}

/** For how long "there is none" is believed. ms. */
export const NEGATIVE_TTL_MS = 10_000;
