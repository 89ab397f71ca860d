/** What a token of the admin port may be given. `admin` is all of them. */
export const GRANTED_SCOPES = [
  'read',
  'calls',
  'record',
  'directory',
  'permissions',
  'config',
  'metrics',
  'trace',
  'admin',
] as const;
export type GrantedScope = (typeof GRANTED_SCOPES)[number];

/** What a request may need. */
export type Scope = Exclude<GrantedScope, 'admin'>;
