import { callCodes } from './call.ts';
import { cliCodes } from './cli.ts';
import { configCodes } from './config.ts';
import { gatewayCodes } from './gateway.ts';
import { httpCodes } from './http.ts';
import { mediaCodes } from './media.ts';
import { metaCodes } from './meta.ts';
import { observeCodes } from './observe.ts';
import { routingCodes } from './routing.ts';
import { sdpCodes } from './sdp.ts';
import { simCodes } from './sim.ts';
import { sipCodes } from './sip.ts';
import { sipServerCodes } from './sip-server.ts';
import { storeCodes } from './store.ts';
import { trunkCodes } from './trunk.ts';
import { webrtcCodes } from './webrtc.ts';

/** Every failure of the gateway has one row here; each room keeps its own rows in its file. */
export const CODES = {
  ...callCodes,
  ...configCodes,
  ...gatewayCodes,
  ...httpCodes,
  ...mediaCodes,
  ...metaCodes,
  ...observeCodes,
  ...routingCodes,
  ...sdpCodes,
  ...simCodes,
  ...sipCodes,
  ...sipServerCodes,
  ...storeCodes,
  ...trunkCodes,
  ...webrtcCodes,
  ...cliCodes,
} as const;

export type ErrorCode = keyof typeof CODES;
