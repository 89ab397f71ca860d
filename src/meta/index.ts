export {
  type AcceptOutcome,
  type EndOutcome,
  GraphClient,
  type GraphClientOptions,
  type ProfileOutcome,
} from './client.ts';
export type {
  CallStatusEvent,
  ConnectEvent,
  MediaUpdateEvent,
  MetaEvent,
  PermissionReplyEvent,
  SettingsUpdateEvent,
  TerminateEvent,
  WebhookBatch,
} from './events.ts';
export { FAILURES, type FailureRow, type GraphFailure, type GraphFailureKind } from './failure.ts';
export { answerHandshake, signatureOf, verifySignature } from './signature.ts';
export type { Usage } from './usage.ts';
export { parseWebhook } from './webhook.ts';
