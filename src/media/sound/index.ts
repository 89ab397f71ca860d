export { FileSource } from './file-source.ts';
export { HoldMusic } from './hold-music.ts';
export { LegSounds, type SoundLayer } from './leg-sounds.ts';
export { Resampler } from './resampler.ts';
export { loadSounds, readSound, type Sound, SoundBank, type SoundData } from './sound-bank.ts';
export { SpeechGate } from './speech-gate.ts';
export { TONE_NAMES, TONE_PLAN_NAMES, type ToneName, type TonePlanName, toneSteps } from './tone-plan.ts';
export { ToneSource } from './tone-source.ts';
export { WhenHeard } from './when-heard.ts';
