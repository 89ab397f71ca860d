export {
  type AcceptOutcome,
  type CallsApi,
  type ConnectOutcome,
  type EndOutcome,
  GraphClient,
  type GraphClientOptions,
  type MetricsOutcome,
  type PermissionOutcome,
} from './client.ts';
export type {
  CallHours,
  CallStatusEvent,
  ConnectEvent,
  IgnoredItems,
  MediaUpdateEvent,
  MetaEvent,
  PermissionReplyEvent,
  SettingsUpdateEvent,
  TerminateEvent,
  WebhookBatch,
} from './events.ts';
export type { GraphFailure } from './failure.ts';
export { terminateFailure } from './failure.ts';
export { FAILURES, type FailureMeaning, type FailureRow, type GraphFailureKind } from './failure-table.ts';
export type { MediaUpdate, MediaUpdateOutcome } from './media-update.ts';
export { MediaChanger, type MediaChangerOptions, type WantedChange } from './media-versions.ts';
export { type ButtonMessage, MAX_BUTTON_DAYS, type MessageOutcome, type Messages } from './messages.ts';
export type {
  AppSubscription,
  AppSubscriptionsOutcome,
  FeatureOutcome,
  PageApi,
  SubscribedApp,
  SubscribeOutcome,
  SubscriptionsOutcome,
  TokenFacts,
  TokenOutcome,
} from './page-api.ts';
export type { CallPermission, PermissionLimit } from './permissions.ts';
export type { ProfileOutcome } from './profile.ts';
export type { PageCredentials } from './requester.ts';
export type { CallSettings } from './settings.ts';
export type { SetSettingsOutcome, SettingsApi, SettingsOutcome } from './settings-api.ts';
export { type SettingsProblem, settingsRequest } from './settings-check.ts';
export { answerHandshake, appSecretProof, signatureOf, verifySignature } from './signature.ts';
export type { Usage } from './usage.ts';
export { parseWebhook } from './webhook.ts';
export { WhatsAppClient } from './whatsapp-client.ts';
export type {
  CallsReply,
  CallsRequest,
  EndCallReason,
  WireCall,
  WireCallSettings,
  WireEntry,
  WireError,
  WirePermissionReply,
  WireSdp,
  WireTrack,
  WireWebhook,
} from './wire.ts';
export { END_CALL_REASONS, TRACK_LABELS, TRACK_STATUSES } from './wire.ts';
export {
  CALLING_FIELDS,
  type CallButton,
  type CallingMessage,
  type CallingTemplate,
  type CallMetrics,
  DAYS,
  type FeatureStatusRequest,
  RING_TARGETS,
  SETTINGS_FIELDS,
  type SettingsRequest,
} from './wire-page.ts';
export type { CallPermissionRequest, WhatsAppCallsReply, WhatsAppCallsRequest } from './wire-whatsapp.ts';
