import { CODES, type ErrorCode } from './codes/index.ts';

/** What a code means, for the operator: one row of the table in `codes/`. */
export interface CodeEntry {
  /** What happened, one sentence. */
  readonly what: string;
  /** What to do about it, one sentence. */
  readonly remedy: string;
}

/** An expected failure. Bugs are plain Errors; they end the call, never the process. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: ErrorCode;
  /** Values that locate the failure (field, key, status). Never a token, an SDP or personal data. */
  readonly detail: Readonly<Record<string, string | number | boolean>>;

  constructor(
    code: ErrorCode,
    message?: string,
    detail: Readonly<Record<string, string | number | boolean>> = {},
    options?: ErrorOptions,
  ) {
    super(message ?? CODES[code].what, options);
    this.code = code;
    this.detail = detail;
  }

  get remedy(): string {
    return CODES[this.code].remedy;
  }

  /** One line for whoever sits at the terminal, as `msgw check` writes its own: `CODE: what. Remedy: ...` */
  get line(): string {
    return `${this.code}: ${this.message.replace(/[.\s]+$/, '')}. Remedy: ${this.remedy}`;
  }
}
