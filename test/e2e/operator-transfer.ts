import { expect, onTestFinished } from 'vitest';
import type { World } from '../../src/cli/demo/world.ts';
import type { Two } from './two-phones.ts';
import type { WirePhone } from './wire-phone.ts';

/** The first phone's PBX is asked to transfer. */
export const PBX = { trunk: { transferTo: ['1??'] }, route: { transfer: 'pbx' } };

/** An operator's wish; what the admin port says of it. */
export async function order(
  world: World,
  id: string,
  body: object,
): Promise<readonly [number, Record<string, unknown>]> {
  const reply = await fetch(`${world.gateway.adminUrl}/calls/${encodeURIComponent(id)}/transfer`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return [reply.status, (await reply.json()) as Record<string, unknown>] as const;
}

/** 202 to the REFER that comes; what its NOTIFYs have as Event. */
export async function referred({ peer }: WirePhone, headers: Record<string, string> = {}): Promise<string> {
  const refer = await peer.request('REFER');
  peer.respond(refer, 202, { headers });
  return `refer;id=${refer.headers.get('cseq')?.split(' ', 1)[0] ?? ''}`;
}

/** A NOTIFY in the phone's dialog goes out. @param frag the status line that it tells */
export function tell({ first, invite }: Two, frag: string, state: string, event: string): void {
  const headers = {
    Event: event,
    'Subscription-State': state,
    'Content-Type': 'message/sipfrag;version=2.0',
  };
  first.peer.requestIn(invite, 'NOTIFY', { headers, body: `${frag}\r\n` });
}

/** The same, and it gets that status. */
export async function notify(
  two: Two,
  frag: string,
  state: string,
  event: string,
  status = 200,
): Promise<void> {
  tell(two, frag, state, event);
  await two.first.peer.response(status, 'NOTIFY');
}

export const TRYING = ['SIP/2.0 180 Ringing', 'active;expires=60'] as const;
export const DONE = ['SIP/2.0 200 OK', 'terminated;reason=noresource'] as const;

/** What the gateway tells of transfers from now on. */
export async function transfersOf({ gateway }: World): Promise<() => Promise<object>> {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const { body } = await fetch(`${gateway.adminUrl}/events`, { signal: stop.signal });
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  return async () => {
    for (;;) {
      const [whole, data] = /event: call_transfer\ndata: (.*)\n\n/.exec(text) ?? [];
      if (whole !== undefined && data !== undefined) {
        text = text.slice(text.indexOf(whole) + whole.length);
        const { at, callId, atMs, ...told } = JSON.parse(data) as Record<string, unknown>;
        expect([typeof at, typeof callId, typeof atMs]).toEqual(['string', 'string', 'number']);
        return told;
      }
      text += (await reader?.read())?.value ?? '';
    }
  };
}
