/** `msgw demo`'s options, as commander gives them. */
export interface DemoOptions {
  readonly json?: boolean;
  readonly hangup: 'consumer' | 'phone';
  readonly codec: 'pcmu' | 'pcma' | 'g722' | 'opus';
  readonly seconds: number;
  readonly wav?: string;
  readonly phone?: string;
  /** A softphone registers at the demo, and rings. */
  readonly softphone?: boolean;
  /** Of this machine, for the softphone. */
  readonly address?: string;
  /** UDP; 0 for any free one. */
  readonly sipPort: number;
  readonly calls: number;
  readonly keep?: boolean;
  /** File name. */
  readonly trace?: string;
  readonly platform: 'messenger' | 'whatsapp';
  /** The phone calls the consumer. */
  readonly outbound?: boolean;
  /** False: the consumer has to be asked first. */
  readonly permission?: boolean;
}

/** What one end heard, and what all took. */
export interface DemoResult {
  readonly ok: boolean;
  /** Why it is not ok. */
  readonly reasons: readonly string[];
  readonly consumer: { readonly heardHz: number; readonly rxPackets: number; readonly lost: number };
  readonly phone: {
    readonly heardHz: number;
    readonly rxPackets: number;
    readonly lost: number;
    readonly codec: string;
    readonly dtmf: string;
  };
  /** By name, ms. */
  readonly times: Readonly<Record<string, number>>;
  readonly ladder: readonly {
    readonly atMs: number;
    readonly from: string;
    readonly to: string;
    readonly what: string;
  }[];
  readonly record: Record<string, unknown>;
}

export const CODECS = { pcmu: 'PCMU', pcma: 'PCMA', g722: 'G722', opus: 'opus', l16: 'L16' } as const;
