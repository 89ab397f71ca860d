export { openWebrtcLeg } from './leg.ts';
export type {
  Renegotiated,
  SrtpKeys,
  SrtpProfile,
  WebrtcDump,
  WebrtcEvents,
  WebrtcLeg,
  WebrtcLegOptions,
  WebrtcState,
} from './types.ts';
