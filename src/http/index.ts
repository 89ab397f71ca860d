export { type HttpOptions, type HttpServers, startHttp } from './server.ts';
