export { type AudioDecoder, type AudioEncoder, MAX_PACKET_SAMPLES } from './codec.ts';
export { G711Decoder, G711Encoder } from './g711.ts';
export { G722Decoder, G722Encoder } from './g722.ts';
export { createOpusLibrary, type OpusChoice } from './opus.ts';
export type { OpusEncoder, OpusEncoderOptions, OpusLibrary } from './opus-library.ts';
export { opusHasFec, opusSamples48k } from './opus-packet.ts';
