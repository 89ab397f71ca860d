import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { tortureMessage } from './conformance/torture.ts';
import { type App, SDP, startApp } from './support/app.ts';
import { hasSipp, startSipp } from './support/sipp.ts';
import type { SipError, Srf, SrfDialog, SrfMessage } from './support/srf.ts';

const listen = [{ protocol: 'tcp', address: '127.0.0.1', port: 0 }] as const;
const apps: App[] = [];
const app = async (routes?: (srf: Srf) => void, options = {}): Promise<App> => {
  const started = await startApp(routes, { listen, ...options });
  apps.push(started);
  return started;
};
afterEach(async () => {
  await Promise.all(apps.splice(0).map((each) => each.close()));
});

test('a call over TCP; the callee hangs up on the connection that the caller made', async () => {
  let answered: (dialog: SrfDialog) => void = () => {};
  const uas = new Promise<SrfDialog>((resolve) => {
    answered = resolve;
  });
  const ports = new Set<number>();
  const b = await app(
    (srf) => srf.invite((req, res) => void srf.createUAS(req, res, { localSdp: SDP(4000) }).then(answered)),
    { trace: ({ remote }: { remote: { port: number } }) => ports.add(remote.port) },
  );
  const a = await app();
  const uac = await a.srf.createUAC(`sip:bob@${b.address};transport=tcp`, {
    localSdp: SDP(5000),
    callingNumber: 'alice',
  });
  expect(uac.local.contact).toContain(`<sip:alice@${a.address};transport=tcp>`);
  const destroyed = once(uac, 'destroy');
  await (await uas).destroy();
  expect(((await destroyed) as [SrfMessage])[0].get('Via')).toContain('SIP/2.0/TCP');
  expect(ports.size).toBe(1);
  expect([a.server.stats().dialogs, b.server.stats().dialogs]).toEqual([0, 0]);
});

test('a dialog goes to the port of its Contact, not to the one that was called', async () => {
  // The callee is reached through another of its listeners than the one it wants its dialogs on.
  let hungUp: (message: SrfMessage) => void = () => {};
  const bye = new Promise<SrfMessage>((resolve) => {
    hungUp = resolve;
  });
  const two = [...listen, ...listen];
  const b = await app(
    (srf) =>
      srf.invite((req, res) => {
        const contact = `<sip:b@127.0.0.1:${b.server.contacts[1]!.port};transport=tcp>`;
        void srf
          .createUAS(req, res, { localSdp: SDP(4000), headers: { Contact: contact } })
          .then((dialog) => {
            dialog.on('destroy', hungUp);
          });
      }),
    { listen: two },
  );
  const a = await app();
  const uac = await a.srf.createUAC(`sip:bob@${b.address};transport=tcp`, { localSdp: SDP(5000) });
  await uac.destroy();
  expect((await bye).receivedOn).toBe(`127.0.0.1:${b.server.contacts[1]!.port}`);
});

test('a refused connection is a 503 at once', async () => {
  const a = await app();
  const gone = await startApp(undefined, { listen });
  await gone.close();
  const error = (await a.srf
    .createUAC(`sip:x@${gone.address};transport=tcp`, { localSdp: SDP(1) })
    .catch((e) => e)) as SipError;
  expect(error.status).toBe(503);
  expect(a.server.stats().dialogs).toBe(0);
});

test('keep-alives are answered; a stream that is no SIP is closed', async () => {
  const a = await app();
  const { address: host, port } = a.server.contacts[0]!;
  const socket = connect({ host, port });
  socket.write('\r\n\r\n');
  expect(String((await once(socket, 'data'))[0])).toBe('\r\n');
  const closed = once(socket, 'close');
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await closed;
});

test('a peer that is not on the list is not connected', async () => {
  const a = await app(undefined, { allow: ['192.0.2.1'] });
  const { address: host, port } = a.server.contacts[0]!;
  await once(connect({ host, port }), 'close');
});

describe.runIf(hasSipp())('sipp over TCP', () => {
  test('calls us on one connection', async () => {
    const a = await app((srf) =>
      srf.invite((req, res) => void srf.createUAS(req, res, { localSdp: SDP(4000) })),
    );
    const sipp = await startSipp(['-sn', 'uac', '-t', 't1', '-m', '30', '-r', '30', '-d', '20'], a.address);
    await sipp.done;
    expect(a.server.stats()).toMatchObject({ dialogs: 0, requestsIn: { INVITE: 30, ACK: 30, BYE: 30 } });
  });
});

test.each(['ncl', 'mcl01'])(
  'RFC 4475 %s on a stream: 400, and the connection is closed, for nobody knows where the next message begins',
  async (name) => {
    const a = await app((srf) => srf.options((_req, res) => res.send(200)));
    const { address: host, port } = a.server.contacts[0]!;
    const socket = connect({ host, port });
    let heard = '';
    socket.on('data', (data) => {
      heard += String(data);
    });
    socket.write(Buffer.concat([tortureMessage(name), tortureMessage('zeromf')]));
    await once(socket, 'close');
    expect(heard.match(/SIP\/2\.0 \d+/g)).toEqual(['SIP/2.0 400']);
  },
);
