export * from './api/index.ts';
export { EventFeed, type EventFeedOptions } from './event-feed.ts';
export type { HttpLimits, HttpOptions } from './options.ts';
export { type HttpServers, startHttp } from './server.ts';
export { type AdminToken, hashOf, newToken } from './tokens.ts';
