import { randomBytes } from 'node:crypto';
import type { Clock } from '../shared/clock.ts';
import type { Consumers, Person } from './consumers.ts';
import type { Outcome } from './graph-door.ts';
import { invalidParameter, NO_SUCH_PERSON, type Refusal } from './graph-refusal.ts';
import type { PageForms, PageState } from './page-state.ts';

export interface MessageHost {
  readonly consumers: Consumers;
  readonly page: PageState;
  readonly clock: Clock;
  /** A request for permission is on the consumer's screen. */
  asked(person: Person): void;
  /** A prompt or a button is on the consumer's screen. */
  shown(person: Person, template: 'call_prompt' | 'audio_call'): void;
}

type Fields = Readonly<Record<string, unknown>>;
type Template = 'calling_optin' | 'call_prompt' | 'audio_call';

/** Longest life of a button, days. */
const MAX_DAYS = 7;
/** Where Meta's page on each template shows the id. */
const ID_PLACE: Record<Template, NonNullable<PageForms['messageId']>> = {
  calling_optin: 'beside',
  audio_call: 'inside',
  call_prompt: 'flat',
};

/** `POST /{page}/messages` with a calling template; other messages are not simulated. */
export function message(host: MessageHost, body: Fields): Outcome {
  const psid = fieldsOf(body['recipient'])['id'];
  if (typeof psid !== 'string' || !/^\d+$/.test(psid))
    return { refusal: invalidParameter('recipient.id is required') };
  const { type, payload } = fieldsOf(fieldsOf(body['message'])['attachment']);
  if (type !== 'template') return { refusal: invalidParameter('message.attachment must be a template here') };
  const template = templateOf(fieldsOf(payload));
  if (typeof template !== 'string') return { refusal: template };
  const person = host.consumers.get(psid);
  if (!person) return { refusal: NO_SUCH_PERSON };
  if (person.windowClosed) {
    const outside = '(#10) This message is sent outside of allowed window.';
    return { refusal: { status: 400, code: 10, subcode: 2018278, message: outside } };
  }
  if (template === 'calling_optin') {
    if (!host.consumers.permissions.request(psid, host.clock.now()))
      return { refusal: invalidParameter('The limit of call permission requests to this person is reached') };
    host.asked(person);
  } else host.shown(person, template);
  const id = `m_${randomBytes(16).toString('base64url')}`;
  return { body: replyOf(psid, id, host.page.forms.messageId ?? ID_PLACE[template]) };
}

function replyOf(psid: string, id: string, place: PageForms['messageId']): object {
  if (place === 'inside') return { recipient: { id: psid, message_id: id } };
  return place === 'flat'
    ? { recipient_id: psid, message_id: id }
    : { recipient: { id: psid }, message_id: id };
}

function templateOf(payload: Fields): Template | Refusal {
  switch (payload['template_type']) {
    case 'calling_optin':
      return 'calling_optin';
    case 'call_prompt': {
      const days = payload['ttl_days'];
      return days === undefined || isDays(days, Number.POSITIVE_INFINITY)
        ? 'call_prompt'
        : invalidParameter('ttl_days must be a number of days');
    }
    case 'button':
      return typeof payload['text'] === 'string' && payload['text'] !== ''
        ? buttons(payload['buttons'])
        : invalidParameter('text is required');
    case 'generic': {
      const elements = payload['elements'];
      if (!Array.isArray(elements) || elements.length === 0 || elements.length > 10)
        return invalidParameter('elements must be a list of 1 to 10');
      const untitled = elements.some((each) => typeof fieldsOf(each)['title'] !== 'string');
      if (untitled) return invalidParameter('title of an element is required');
      return buttons(elements.flatMap((each) => fieldsOf(each)['buttons'] ?? []));
    }
    default:
      return invalidParameter('template_type must be calling_optin, call_prompt, button or generic here');
  }
}

function buttons(list: unknown): Template | Refusal {
  if (!Array.isArray(list) || list.length === 0) return invalidParameter('buttons are required');
  for (const each of list) {
    const { type, title, expires_in_days: days } = fieldsOf(each);
    if (type !== 'audio_call') return invalidParameter('type of a button must be audio_call here');
    if (typeof title !== 'string' || title === '') return invalidParameter('title of a button is required');
    if (days !== undefined && !isDays(days, MAX_DAYS))
      return invalidParameter(`expires_in_days must be 1 to ${MAX_DAYS}`);
  }
  return 'audio_call';
}

const isDays = (value: unknown, most: number): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most;

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}
