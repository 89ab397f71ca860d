import type { ErrorCode } from '../shared/codes/index.ts';
import { GatewayError } from '../shared/error.ts';
import { err, type Result } from '../shared/result.ts';

/** What is wrong with a description, naming the line that is missing or unusable. */
export type SdpProblem = GatewayError;

export function problem(code: ErrorCode, message: string, line: string): Result<never, SdpProblem> {
  return err(new GatewayError(code, message, { line }));
}
