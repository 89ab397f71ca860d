import type { CallerIdRules } from './caller-id.ts';
import type { HeaderRules } from './header-rules.ts';
import type { Wanted } from './rules.ts';
import type { UserToUserRule } from './user-to-user.ts';

/** A PBX as routing needs it; the configuration's `trunks` fit this shape. */
export interface TrunkInput {
  /** Host name or IP address; an IPv6 address with or without brackets. */
  readonly host: string;
  /** Default: 5060, or 5061 over TLS. */
  readonly port?: number | undefined;
  /** Default udp. */
  readonly transport?: 'udp' | 'tcp' | 'tls' | undefined;
  /** Domain of From and P-Asserted-Identity; default: the gateway's own address, filled in by the SIP server. */
  readonly fromDomain?: string | undefined;
}

/** What an INVITE to a trunk says of the caller; the configuration's `trunks` fit. */
export interface TrunkIdentity extends Partial<Pick<TrunkInput, 'host' | 'fromDomain'>> {
  readonly credentials?: { readonly username: string } | undefined;
  /** Default: From and P-Asserted-Identity are the caller's. */
  readonly callerId?: CallerIdRules | undefined;
  readonly headers?: HeaderRules | undefined;
  readonly userToUser?: UserToUserRule | undefined;
  /** It is told that we know P-Early-Media (RFC 5009). */
  readonly pEarlyMedia?: boolean | undefined;
}

/** One entry of a route: whom to ring, at which trunk. */
export interface RouteTargetInput {
  readonly trunk: string;
  /** User part of the Request-URI: extension, queue, ring group. */
  readonly user: string;
  /** Milliseconds this target may ring before the next one. */
  readonly ringTimeoutMs?: number | undefined;
  /** Lower is tried first; default 0. */
  readonly priority?: number | undefined;
  /** Share of the calls among targets of the same priority; without any, they are tried as they are listed. */
  readonly weight?: number | undefined;
}

/** Targets, and what follows when they come to nothing. */
export interface RouteInput {
  readonly targets: readonly RouteTargetInput[];
  /** All targets together, ms. */
  readonly ringBudgetMs?: number | undefined;
  readonly onBusy?: Wanted | undefined;
  readonly onNoAnswer?: Wanted | undefined;
  readonly onFailed?: Wanted | undefined;
}

/** Structural: any configuration that has these keys will do. */
export interface RoutingInput {
  readonly trunks: Readonly<Record<string, TrunkInput>>;
  readonly routes: Readonly<Record<string, RouteInput>>;
  /** Page id -> name of its route. */
  readonly pages: Readonly<Record<string, { readonly route: string }>>;
}

/** One SIP destination, ready to be invited. Fits `CallTarget` of the call. */
export interface RoutedTarget {
  /** `trunk/user`, numbered when it occurs twice. */
  readonly name: string;
  /** Key of `trunks`, for transport, codecs and credentials. */
  readonly trunk: string;
  readonly user: string;
  /** Request-URI. */
  readonly uri: string;
  readonly ringTimeoutMs?: number | undefined;
  readonly priority?: number | undefined;
  readonly weight?: number | undefined;
  /** Further headers of the INVITE: Referred-By, Replaces. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** What the other side must understand, as Require says it. */
  readonly require?: string | undefined;
  /** Whose target it is; unset: of none. */
  readonly route?: string | undefined;
  /** Targets that ring one after the other have the same: a call may come from one route to another. */
  readonly way?: string | undefined;
}

/** Who calls. */
export interface Caller {
  readonly callId: string;
  readonly pageId: string;
  readonly psid: string;
  /** The consumer's short number: what a phone shows and dials back. */
  readonly number?: string | undefined;
  /** As Meta's profile has it; sanitised here. */
  readonly name?: string | undefined;
  /** Default Messenger. */
  readonly platform?: 'messenger' | 'whatsapp' | undefined;
  /** The rule or route that chose the phones, for templates. */
  readonly rule?: string | undefined;
}

/** Who is rung by whom: what the SIP leg needs beside credentials, codecs and SDP. */
export interface InvitePlan {
  /** Request-URI. */
  readonly uri: string;
  readonly from: {
    /** The consumer's short number, else the PSID; the trunk's own user or nobody, where it wants that. */
    readonly user: string;
    /** Sanitised; never empty. */
    readonly displayName: string;
    /** Only when something names one; the SIP leg takes its own address otherwise. */
    readonly host?: string;
  };
  /** URI of To: the Request-URI without its parameters. */
  readonly to: string;
  /** Values on one line, safe to be written as they are. */
  readonly headers: Readonly<Record<string, string>>;
}
