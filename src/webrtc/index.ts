export { openWebrtcLeg } from './leg.ts';
export type {
  Renegotiated,
  SrtpKeys,
  SrtpProfile,
  WebrtcEvents,
  WebrtcLeg,
  WebrtcLegOptions,
  WebrtcState,
} from './types.ts';
