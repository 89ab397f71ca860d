import { MAX_PACKET_SAMPLES } from '../codec/index.ts';

/**
 * Decoded audio on its way from a decoder to a framer, of every call of the thread: a thread does one thing at a time,
 * and what is decoded here is used up before the next packet is looked at. A buffer for each direction of each call
 * would be 23 kB a call.
 */
export const scratchPcm = new Int16Array(MAX_PACKET_SAMPLES);
