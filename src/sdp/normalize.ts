/**
 * Folds any mix of CR and LF to CRLF, drops empty lines and ends with one CRLF. Meta's samples and old
 * implementations send bare LF; RFC 8866 section 5 wants CRLF and allows LF on receipt.
 */
export function normalizeSdp(sdp: string): string {
  const lines = sdp.split(/[\r\n]+/).flatMap((line) => line.trim() || []);
  return lines.length === 0 ? '' : `${lines.join('\r\n')}\r\n`;
}
