export type Status = 'ok' | 'warn' | 'fail' | 'skipped';

/** What one check says of one thing. */
export interface Finding {
  readonly status: Status;
  /** Which Page, trunk, file or port; absent where there is one. */
  readonly about?: string;
  /** What was found, or what is wrong, or why it was skipped. No secrets. */
  readonly message: string;
  /** How to mend it. */
  readonly remedy?: string;
}

export const fine = (message: string, about?: string): Finding => made('ok', message, undefined, about);

export const warned = (message: string, remedy: string, about?: string): Finding =>
  made('warn', message, remedy, about);

export const failing = (message: string, remedy: string, about?: string): Finding =>
  made('fail', message, remedy, about);

export const skipped = (why: string, about?: string): Finding => made('skipped', why, undefined, about);

function made(
  status: Status,
  message: string,
  remedy: string | undefined,
  about: string | undefined,
): Finding {
  return {
    status,
    ...(about === undefined ? {} : { about }),
    message,
    ...(remedy === undefined ? {} : { remedy }),
  };
}
