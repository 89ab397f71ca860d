/** What travels between us and WhatsApp's Cloud API; we send exactly these forms. */

interface ToWhatsApp {
  readonly messaging_product: 'whatsapp';
}

/** A telephone number in `to`, or a business-scoped id (`KE.123`) in `recipient`. */
export type Addressee = { readonly to: string } | { readonly recipient: string };

/** `POST /{phone_number_id}/calls` */
export type WhatsAppCallsRequest = ToWhatsApp &
  (
    | {
        readonly call_id: string;
        readonly action: 'pre_accept' | 'accept';
        readonly session: { readonly sdp_type: 'answer'; readonly sdp: string };
      }
    | (Addressee & {
        readonly action: 'connect';
        readonly session: { readonly sdp_type: 'offer'; readonly sdp: string };
        /** Comes back in every webhook of the call; at most 512 characters. */
        readonly biz_opaque_callback_data?: string;
      })
    | { readonly call_id: string; readonly action: 'reject' | 'terminate' }
  );

/** Its reply; `messaging_product` is missing at times. */
export interface WhatsAppCallsReply {
  readonly messaging_product?: 'whatsapp';
  readonly success?: boolean;
  /** To connect. */
  readonly calls?: readonly { readonly id: string }[];
}

/** `POST /{phone_number_id}/messages`: asks for permission to call. */
export type CallPermissionRequest = ToWhatsApp &
  Addressee & {
    readonly recipient_type: 'individual';
    readonly type: 'interactive';
    readonly interactive: {
      readonly type: 'call_permission_request';
      readonly action: { readonly name: 'call_permission_request' };
      readonly body?: { readonly text: string };
    };
  };
