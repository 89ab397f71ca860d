export type { AdminApi, AdminEntry } from './admin-api.ts';
export type { AdminProblem, Reply } from './admin-problems.ts';
export { EventFeed, type EventFeedOptions } from './event-feed.ts';
export type { HttpLimits, HttpOptions } from './options.ts';
export { type HttpServers, startHttp } from './server.ts';
