export type { HttpLimits, HttpOptions } from './options.ts';
export { type HttpServers, startHttp } from './server.ts';
