export { openWebrtcLeg } from './leg.ts';
export type {
  SrtpKeys,
  SrtpProfile,
  WebrtcEvents,
  WebrtcLeg,
  WebrtcLegOptions,
  WebrtcState,
} from './types.ts';
