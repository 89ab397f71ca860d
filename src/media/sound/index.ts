export { FileSource } from './file-source.ts';
export { Resampler } from './resampler.ts';
export { loadSounds, readSound, type Sound, SoundBank, type SoundData } from './sound-bank.ts';
export { TONE_NAMES, TONE_PLAN_NAMES, type ToneName, type TonePlanName, toneSteps } from './tone-plan.ts';
export { ToneSource } from './tone-source.ts';
