export { type AudioDecoder, type AudioEncoder, MAX_PACKET_SAMPLES } from './codec.ts';
export { ComfortNoise } from './comfort-noise.ts';
export { G711Decoder, G711Encoder } from './g711.ts';
export { G722Decoder, G722Encoder } from './g722.ts';
export { L16Decoder, L16Encoder } from './l16.ts';
export { createOpusLibrary, type OpusChoice } from './opus.ts';
export type { OpusEncoder, OpusEncoderOptions, OpusLibrary } from './opus-library.ts';
export { OpusFrames, opusHasFec, opusHasVoice, opusSamples48k } from './opus-packet.ts';
export { OpusRepacketizer } from './opus-repacketizer.ts';
