import type { ConsumerCall } from './consumer-call.ts';
import type { Outcome } from './graph-door.ts';
import { invalidParameter, type Refusal } from './graph-refusal.ts';
import { offerOf, sessionReply } from './graph-session.ts';
import type { PageForms } from './page-state.ts';

type Fields = Readonly<Record<string, unknown>>;

const LABELS = ['default_audio', 'default_video', 'screen_audio', 'screen_video'];
const STATUSES = ['enabled', 'disabled'];
const MAX_TRACKS = 4;

/** Runs `media_update`: versions, tracks and offer are checked, then whether both sides changed at once. */
export function mediaUpdate(call: ConsumerCall, body: Fields, forms: PageForms, asSubcode: boolean): Outcome {
  const [from, to] = [body['from_version'], body['to_version']].map((each) =>
    versionOf(each, forms.versions),
  );
  if (from === undefined || to === undefined)
    return {
      refusal: invalidParameter(`from_version and to_version must be ${forms.versions ?? 'integer'}s`),
    };
  if (to !== from + 1) return { refusal: invalidParameter('to_version must follow from_version') };
  const { tracks, session } = body;
  if (tracks === undefined && session === undefined)
    return { refusal: invalidParameter('tracks or session is required') };
  const track = tracksRefusal(call, tracks);
  if (track) return { refusal: track };
  const read = session === undefined ? undefined : offerOf(session, asSubcode);
  if (read && 'refusal' in read) return read;
  if (from !== call.mediaVersion) {
    if (forms.collision !== 'error') return { body: { success: true } };
    return { refusal: invalidParameter('Conflicting media status') };
  }
  const { answer, renegotiation } = call.updatedByBusiness(to);
  if (!read) return { body: { success: true } };
  return { body: sessionReply({ success: true }, answer, renegotiation, call.options.reply ?? {}) };
}

function versionOf(value: unknown, form: PageForms['versions']): number | undefined {
  if (form === 'text') return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : undefined;
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;
}

function tracksRefusal(call: ConsumerCall, tracks: unknown): Refusal | undefined {
  if (tracks === undefined) return undefined;
  if (!Array.isArray(tracks) || tracks.length === 0 || tracks.length > MAX_TRACKS)
    return invalidParameter(`tracks must be a list of 1 to ${MAX_TRACKS}`);
  for (const track of tracks as readonly (Fields | null)[]) {
    if (track?.['msid'] !== call.offered?.trackId) return invalidParameter('Invalid track msid');
    if (!LABELS.includes(String(track?.['label']).toLowerCase()))
      return invalidParameter('label of a track is invalid');
    if (!STATUSES.includes(String(track?.['status']).toLowerCase()))
      return invalidParameter('status of a track is invalid');
  }
  return undefined;
}
