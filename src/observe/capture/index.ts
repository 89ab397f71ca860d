export { type CapturedPacket, callPcap } from './call-pcap.ts';
