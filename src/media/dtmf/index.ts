export { DtmfDetector, type OnKey } from './detector.ts';
export { EventReceiver, type KeyStep, TELEPHONE_EVENT_BYTES } from './event-receiver.ts';
export { type EventFormat, EventSender } from './event-sender.ts';
export { DtmfGenerator } from './generator.ts';
export { KeyMerge, type KeyMethod } from './key-merge.ts';
export { KeyPlayer } from './key-player.ts';
export { DTMF_KEYS, FLASH } from './keys.ts';
