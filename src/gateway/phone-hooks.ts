import type { Refer, ReferAnswer, SipDialog } from '../sip/index.ts';

/** What the phones of a call tell besides how their attempts go. */
export interface PhoneHooks {
  /** The dialog with a phone of that trunk is up. @param called the user that we rang; undefined: the phone called us */
  onDialog(attempt: number, trunk: string, dialog: SipDialog, called: string | undefined): void;
  /** In it the phone asks that the call go on elsewhere. */
  onRefer(attempt: number, trunk: string, refer: Refer): ReferAnswer | Promise<ReferAnswer>;
}
