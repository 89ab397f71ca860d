import type { GatewayProcess } from '../../support/gateway-process.ts';
import { PAGE } from '../../support/gateway-process.ts';
import { until } from '../world.ts';
import { PERSONS, SECRETS, WRONG } from './canaries.ts';
import type { Site } from './site.ts';

/** What was answered, by who asked: the operator may see persons, but in traces; the wallboard and strangers nobody. */
export interface Replies {
  readonly operator: string[];
  readonly traces: string[];
  readonly others: string[];
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}`, 'content-type': 'application/json' });

async function ask(into: string[], url: string, init: RequestInit = {}): Promise<number> {
  const answer = await fetch(url, init);
  // A capture is no text: its bytes are looked at as they are.
  const body = Buffer.from(await answer.arrayBuffer()).toString('latin1');
  into.push(`${url} ${answer.status} ${JSON.stringify([...answer.headers])} ${body}`);
  return answer.status;
}

/** Everything that a consumer and a phone do, on both platforms. */
export async function makeCalls(site: Site, gateway: GatewayProcess, replies: Replies): Promise<void> {
  const { messenger, whatsapp, phone } = site;
  const get = (path: string, into = replies.operator): Promise<number> =>
    ask(into, `${gateway.adminUrl}${path}`, { headers: bearer(SECRETS.ADMIN_TOKEN) });

  const talking = messenger.consumer({ psid: PERSONS.psid, name: PERSONS.name }).call({ toneHz: 440 });
  const first = await phone.nextCall();
  await Promise.all([talking.firstAudio, first.firstAudio, talking.connected]);
  await talking.sendDtmf(PERSONS.keys);
  await first.press(PERSONS.keys.slice(0, 2), 'info');
  await get('/calls');
  await get(`/calls/${talking.id}`);
  await get(`/calls/${talking.id}/trace`, replies.traces);
  await get(`/calls/${talking.id}/pcap`, replies.traces);
  await ask(replies.operator, `${gateway.adminUrl}/calls/${talking.id}/transfer`, {
    method: 'POST',
    headers: bearer(SECRETS.ADMIN_TOKEN),
    body: JSON.stringify({ to: 'phone/101' }),
  });
  const second = await phone.nextCall();
  await Promise.all([second.firstAudio, first.ended]);
  await talking.hangup();
  await get(`/calls/${talking.id}/trace`, replies.traces);

  const called = { psid: PERSONS.calledPsid, name: PERSONS.calledName };
  messenger.consumer({ ...called, permission: true, whenCalled: { ringAfterMs: 0, afterMs: 0 } });
  const dial = { host: '127.0.0.1', port: site.sipPort(), headers: { 'X-Canary': PERSONS.header } };
  const credentials = { username: 'caller', password: SECRETS.CALLER_PASSWORD };
  const outbound = await phone.dial({ ...dial, number: PERSONS.calledPsid, credentials });
  await outbound.answered;
  await outbound.hangup();
  messenger.consumer({ psid: PERSONS.strangerPsid, permission: false });
  await (await phone.dial({ ...dial, number: PERSONS.strangerPsid, credentials })).ended;
  const wrong = { username: 'caller', password: WRONG.password };
  await (await phone.dial({ ...dial, number: PERSONS.calledPsid, credentials: wrong })).ended;

  const wa = whatsapp.consumer({ psid: PERSONS.waId, name: PERSONS.waName }).call({ toneHz: 440 });
  const third = await phone.nextCall();
  await Promise.all([wa.firstAudio, third.firstAudio]);
  await third.hangup();
  await wa.ended;

  phone.behaviour = 486;
  await messenger.consumer({ psid: PERSONS.psid, name: PERSONS.name }).call({ toneHz: 440 }).ended;
  phone.behaviour = 'answer';
  await phone.nextCall();
  for (const path of ['/directory', '/pages', '/trunks', '/metrics', `/settings?page=${PAGE}`])
    await get(path);
  await get(`/permissions?page=${PAGE}&psid=${PERSONS.psid}`);
  await until(async () => {
    const answer = await fetch(`${gateway.adminUrl}/calls`, { headers: bearer(SECRETS.ADMIN_TOKEN) });
    return ((await answer.json()) as unknown[]).length === 0;
  });
}

/** Everybody who is not let in, and everybody who asks badly. */
export async function knockOnDoors(site: Site, gateway: GatewayProcess, replies: Replies): Promise<void> {
  const { others, operator } = replies;
  const { adminUrl, webhookUrl } = gateway;
  const handshake = (token: string): string =>
    `${webhookUrl}?hub.mode=subscribe&hub.challenge=1&hub.verify_token=${token}`;
  // The URL of the request is ours, not an answer.
  const strangers: string[] = [];
  await ask(strangers, handshake(SECRETS.VERIFY_TOKEN));
  await ask(strangers, handshake(WRONG.verifyToken));
  others.push(...strangers.map((text) => text.replace(/^\S+ /, '')));
  const stolen = JSON.stringify({ object: 'page', token: WRONG.adminToken, entry: [{ id: PERSONS.psid }] });
  await site.messenger.webhooks.raw(stolen, `sha256=${'0'.repeat(64)}`);
  await site.messenger.webhooks.raw(
    `{"object":"page","entry":[{"id":"${PAGE}","calls":[{"from":"${PERSONS.psid}"`,
  );
  await site.messenger.webhooks.raw(
    JSON.stringify({ object: 'page', entry: [{ id: PAGE, calls: [{ from: PERSONS.psid, event: 5 }] }] }),
  );
  await ask(others, webhookUrl, { method: 'POST', body: stolen });
  for (const path of ['/openapi.json', '/health/live', '/health/ready', '/calls', '/metrics', '/nothing'])
    await ask(others, `${adminUrl}${path}`);
  await ask(others, `${adminUrl}/calls`, { headers: bearer(WRONG.adminToken) });
  await ask(others, `${adminUrl}/calls`, { headers: bearer(SECRETS.WALL_TOKEN) });
  await ask(others, `${adminUrl}/metrics`, { headers: bearer(SECRETS.WALL_TOKEN) });
  const change = (path: string, method: string, body: string): Promise<number> =>
    ask(operator, `${adminUrl}${path}`, { method, headers: bearer(SECRETS.ADMIN_TOKEN), body });
  await change('/permissions', 'POST', `{"pageId":"${PAGE}","psid":"${PERSONS.psid}"`);
  await change('/permissions', 'POST', JSON.stringify({ pageId: PAGE, psid: PERSONS.strangerPsid }));
  await change('/directory/777777', 'PUT', JSON.stringify({ pageId: PAGE, psid: PERSONS.psid }));
  await change('/directory/777777', 'DELETE', '{}');
  await change('/calls/none/transfer', 'POST', JSON.stringify({ to: 'phone/1' }));
  await change('/reload', 'POST', '{}');
}

/** Meta refuses the token, and calls it by its first characters. No call is taken after that. */
export async function loseToken(site: Site, gateway: GatewayProcess, { operator }: Replies): Promise<void> {
  site.messenger.rotateToken('another');
  await ask(operator, `${gateway.adminUrl}/settings?page=${PAGE}`, { headers: bearer(SECRETS.ADMIN_TOKEN) });
}
