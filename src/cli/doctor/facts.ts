import type {
  AppSubscriptionsOutcome,
  FeatureOutcome,
  SettingsOutcome,
  SubscriptionsOutcome,
  TokenOutcome,
} from '../../meta/index.ts';

/** Why nobody could say. */
export interface Unknown {
  readonly why: string;
  /** It did not come in time. */
  readonly late?: boolean;
}

/** What the probes brought; `Unknown` where they brought nothing. Judged by `Check`s. */
export interface Facts {
  readonly machine: MachineFacts | Unknown;
  readonly folders: readonly FolderFact[] | Unknown;
  /** Whether a gateway answers at the admin port of this configuration, and its trunks, when it lets us see them. */
  readonly running: RunningFact | Unknown;
  readonly listeners: readonly ListenerFact[] | Unknown;
  readonly mediaPorts: readonly MediaPortsFact[] | Unknown;
  readonly certificates: readonly CertificateFact[] | Unknown;
  readonly graph: GraphFact | Unknown;
  readonly accounts: readonly AccountFact[] | Unknown;
  readonly webhooks: readonly WebhookFact[] | Unknown;
  readonly stun: StunFact | Unknown;
  readonly sipServer: ReachFact | Unknown;
  readonly trunks: readonly TrunkFact[] | Unknown;
}

export interface MachineFacts {
  readonly nodeVersion: string;
  readonly cores: number;
  /** Bytes that programs may still take. */
  readonly availableBytes: number;
  /** Files and sockets that a process may have open; undefined: no limit, or nobody says. */
  readonly openFiles: number | undefined;
  /** Which libopus, or why none. */
  readonly opus: { readonly name: string } | Unknown;
  readonly io: { readonly name: string; readonly refused: readonly string[] };
  /** It may take less CPU than its cores have (cgroup). */
  readonly isCpuLimited: boolean;
  /** Why a thread may not be scheduled before all ordinary ones: an error of the system by its name; undefined: it may. */
  readonly noRealtime: string | undefined;
  /** Zones of schedules that this Node does not know. */
  readonly unknownZones: readonly string[];
}

export interface FolderFact {
  /** Keys of the configuration that write there. */
  readonly keys: readonly string[];
  readonly folder: string;
  /** Why nothing could be written, flushed and taken away again. */
  readonly error?: string;
  /** Of the slowest step, the flush, ms. */
  readonly flushMs: number;
  readonly freeBytes: number;
  readonly totalBytes: number;
}

export interface RunningFact {
  readonly running: boolean;
  /** Absent: it does not let us see them. */
  readonly trunks?: readonly {
    readonly trunk: string;
    readonly up: boolean;
    readonly why?: string | undefined;
  }[];
}

export interface ListenerFact {
  /** Key of the configuration. */
  readonly key: string;
  /** `udp 192.0.2.10:5060` */
  readonly where: string;
  /** Code of the system's error, as EADDRINUSE. */
  readonly error?: string;
}

export interface MediaPortsFact {
  readonly key: 'webrtc' | 'rtp';
  readonly address: string;
  readonly tried: number;
  /** Codes of errors, by port. */
  readonly errors: ReadonlyMap<number, string>;
}

export interface CertificateFact {
  /** Where it is from: a key of the configuration. */
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Whether the file leads to a root, as far as can be told. */
  readonly complete: boolean;
  readonly issuer: string;
}

export interface GraphFact {
  readonly host: string;
  /** Why it does not answer. */
  readonly error?: string;
  readonly notFound?: boolean;
  /** How far its clock is ahead of ours, ms; Date has whole seconds. */
  readonly aheadMs?: number;
}

export interface AccountFact {
  readonly id: string;
  readonly app: string;
  readonly platform: 'messenger' | 'whatsapp';
  readonly token: TokenOutcome;
  readonly appSubscriptions: AppSubscriptionsOutcome;
  /** WhatsApp numbers have none of these. */
  readonly settings?: SettingsOutcome;
  readonly feature?: FeatureOutcome;
  readonly subscriptions?: SubscriptionsOutcome;
}

export interface WebhookFact {
  readonly app: string;
  readonly url: string;
  /** What is wrong with the handshake. */
  readonly handshake?: { readonly detail: string; readonly remedy?: string };
  /** Status of the answer to a POST with a wrong signature; undefined: none. */
  readonly unsignedStatus?: number;
}

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface StunFact {
  readonly server: string;
  /** Where we sent from; the address is unspecified unless webrtc.bindAddress is set. */
  readonly local: Endpoint;
  /** Addresses of this machine, of that family. */
  readonly own: readonly string[];
  /** What the server saw. */
  readonly mapped?: Endpoint;
  readonly error?: string;
}

export interface ReachFact {
  readonly where: string;
  readonly error?: string;
}

export interface TrunkFact {
  readonly trunk: string;
  /** Where it was asked, as `udp 192.0.2.20:5060`. */
  readonly where: string;
  /** Of its host. */
  readonly addresses: readonly string[];
  readonly dnsError?: string;
  /** Status of the answer to OPTIONS, with its reason. */
  readonly status?: number;
  readonly reason?: string;
  /** Why there was none. */
  readonly error?: string;
  /** Encodings of the SDP in the answer, as in rtpmap: `PCMU`; absent: there was none. */
  readonly encodings?: readonly string[];
  readonly tls?: TlsFact;
}

export interface TlsFact {
  /** Milliseconds since the epoch. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Why it is not trusted, as SELF_SIGNED_CERT_IN_CHAIN. */
  readonly untrusted?: string;
  /** Whether it names the host of the trunk (RFC 5922). */
  readonly named: boolean;
}

export const isUnknown = (fact: object): fact is Unknown => 'why' in fact;
