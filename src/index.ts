export {
  type ConfigProblem,
  formatProblems,
  type GatewayConfig,
  loadConfig,
  parseConfig,
} from './config/index.ts';
export { Gateway, type GatewayOptions, type LadderStep } from './gateway/index.ts';
export { createLogger, type RootLog } from './observe/index.ts';
export {
  type SipServer,
  type SipServerOptions,
  startSipServer,
  startSipServerWorker,
} from './sip-server/index.ts';
