export { HEP_PAYLOAD, type HepPacket, hep3 } from './hep3.ts';
export { rtcpJson } from './rtcp.ts';
export { HepSender } from './sender.ts';
