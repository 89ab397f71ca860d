import type { TelephoneEvent } from './plans.ts';

/** How a platform of Meta's wants our descriptions, and what its clients send without having said so. */
export interface SdpDialect {
  readonly platform: 'messenger' | 'whatsapp';
  /** `a=mid` of our one line. */
  readonly mid: string;
  /** What our offer names. */
  readonly telephoneEvent: TelephoneEvent;
  /** Recognised even when Meta leaves them out of its description. */
  readonly assumedEvents: readonly TelephoneEvent[];
  /** Header extensions in our offer (audio level and mid). */
  readonly extensions: boolean;
  readonly ptimeMs?: number;
}

/** Payload types as in Meta's samples: sharing its numbers leaves no doubt on either side. */
export const MESSENGER_SDP: SdpDialect = {
  platform: 'messenger',
  mid: '0',
  telephoneEvent: { payloadType: 110, clockRate: 48_000 },
  assumedEvents: [
    { payloadType: 110, clockRate: 48_000 },
    // Offered by Meta's own web client.
    { payloadType: 126, clockRate: 48_000 },
  ],
  extensions: true,
};

/** One audio line for the whole call: there is no renegotiation and no second line to be told apart. */
export const WHATSAPP_SDP: SdpDialect = {
  platform: 'whatsapp',
  mid: 'audio',
  telephoneEvent: { payloadType: 126, clockRate: 8_000 },
  assumedEvents: [{ payloadType: 126, clockRate: 8_000 }],
  extensions: false,
  ptimeMs: 20,
};
