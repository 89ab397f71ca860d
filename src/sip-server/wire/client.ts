/** One application connection, as the engine sees it. */
export interface AppClient {
  readonly id: number;
  /** False once the connection is gone; frames are then dropped. */
  readonly alive: boolean;
  /** Frame of the server's own: an id is put before. */
  send(tokens: string, message?: Buffer): void;
}

/** A `sip` frame from an application. */
export interface AppFrame {
  /** Id to answer with. */
  readonly id: string;
  readonly transactionId: string;
  readonly dialogId: string;
  /** Next hop as a SIP URI, or ''. */
  readonly proxy: string;
  readonly message: Buffer;
}

/** What the control port needs of the engine. */
export interface AppHandler {
  onSip(client: AppClient, frame: AppFrame): void;
  onGone(client: AppClient): void;
}
