/**
 * A session description that may be logged: no ICE password, no SRTP key (`a=crypto`, `k=`), and none of the numbers
 * in which Meta carries the person (msid, cname). Works on descriptions inside of JSON text too.
 */
export function redactSdp(sdp: string): string {
  return sdp
    .replace(/(a=ice-pwd:)[^\s\\"]+/g, '$1[secret]')
    .replace(/(a=crypto: *\S+ +\S+ +)[^\r\n\\"]+/gi, '$1[secret]')
    .replace(/(inline:)[A-Za-z0-9+/=_-]+/gi, '$1[secret]')
    .replace(/^(k=\S+?:)\S+/gm, '$1[secret]')
    .replace(/(a=msid:)\d+:[^\r\n\\"]+/g, '$1[person]')
    .replace(/(a=ssrc:\d+ (?:cname|msid):)\d+:[^\r\n\\"]+/g, '$1[person]')
    .replace(/(a=msid-semantic: ?WMS )\d+:[^\r\n\\"]+/g, '$1[person]');
}

/** Tokens and passwords in running text, as in the messages of libraries. */
export function redactText(text: string): string {
  return redactSdp(text)
    .replace(/\b(Bearer|Basic) +[\w.~+/|=-]+/gi, '$1 [secret]')
    .replace(
      /\b(access_token|oauth_token|input_token|appsecret_proof|hub\.verify_token|password|secret)(=|%3D|":\s*")[^&\s"'\\]+/gi,
      '$1$2[secret]',
    )
    .replace(/\b(response|cnonce)="[^"]*"/gi, '$1="[secret]"')
    .replace(/\bEAA[A-Za-z0-9]{20,}/g, '[secret]');
}
