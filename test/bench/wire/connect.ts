const CONNECT = /"event"\s*:\s*"connect"/;
const ID = /"id"\s*:\s*"(c_[^"]+)"/;

/** The call that begins with these bytes of a webhook, if one does. */
export function connectIn(content: string): string | undefined {
  return CONNECT.test(content) ? ID.exec(content)?.[1] : undefined;
}
