/** What a platform of Meta's does in its own way, as far as the course of a call depends on it. */
export interface Platform {
  readonly name: 'messenger' | 'whatsapp';
  /**
   * Meta offers in the connect webhook: our answer is sent by pre_accept while phones ring, so that media is up when
   * somebody answers, and the same answer again with accept.
   */
  readonly preAccepts: boolean;
  /** The answer to our connect comes by a webhook, not in Graph's reply. */
  readonly answersLater: boolean;
}

export const MESSENGER: Platform = { name: 'messenger', preAccepts: false, answersLater: false };
export const WHATSAPP: Platform = { name: 'whatsapp', preAccepts: true, answersLater: true };
