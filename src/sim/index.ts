export { type CallEnd, ConsumerCall, type ConsumerCallOptions, type RelayView } from './consumer-call.ts';
export { DeskPhone, type DeskPhoneOptions, PhoneCall, type PhoneCallEnd } from './desk-phone.ts';
export type { Heard, SimEvent, SimEventSink, SimParty } from './events.ts';
export type { Fault, ReplyForm } from './faults.ts';
export type { Profile } from './profile.ts';
export { type Consumer, MetaSimulator, type MetaSimulatorOptions } from './simulator.ts';
export type { DeliveryOptions } from './webhook-body.ts';
export type { CallDelivery } from './webhooks.ts';
