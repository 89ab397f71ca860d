/**
 * A session description that may be logged: no ICE password, no SRTP key (`a=crypto`), and none of the numbers in
 * which Meta carries the person (msid, cname).
 */
export function redactSdp(sdp: string): string {
  return sdp
    .replace(/^(a=ice-pwd:).*$/gm, '$1[secret]')
    .replace(/^(a=crypto:\S+ \S+ ).*$/gm, '$1[secret]')
    .replace(/^(a=msid:)\d+:.*$/gm, '$1[person]')
    .replace(/^(a=ssrc:\d+ (?:cname|msid):)\d+:.*$/gm, '$1[person]')
    .replace(/^(a=msid-semantic: ?WMS )\d+:.*$/gm, '$1[person]');
}
