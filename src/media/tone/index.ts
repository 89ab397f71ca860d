export { dominantFrequency, levelDbfs } from './measure.ts';
export { Tone } from './tone.ts';
export { readWav, type Wav, wavBytes } from './wav.ts';
