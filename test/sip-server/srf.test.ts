import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { type App, SDP, startApp } from './support/app.ts';
import type { SipError, Srf, SrfDialog, SrfMessage, SrfRequest, SrfResponse } from './support/srf.ts';

const apps: App[] = [];
const app = async (routes?: (srf: Srf) => void): Promise<App> => {
  const started = await startApp(routes);
  apps.push(started);
  return started;
};
afterEach(async () => {
  await Promise.all(apps.splice(0).map((each) => each.close()));
});

const gate = <T>(): { promise: Promise<T>; open: (value: T) => void } => {
  let open: (value: T) => void = () => {};
  const promise = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { promise, open };
};

/** Two applications with a call between them: `uac` called `uas`. */
async function call(): Promise<{ a: App; b: App; uac: SrfDialog; uas: SrfDialog }> {
  const answered = gate<SrfDialog>();
  const b = await app((srf) =>
    srf.invite((req, res) => void srf.createUAS(req, res, { localSdp: SDP(4000) }).then(answered.open)),
  );
  const a = await app();
  const uac = await a.srf.createUAC(`sip:bob@${b.address}`, { localSdp: SDP(5000) });
  return { a, b, uac, uas: await answered.promise };
}

test('early media, then the answer', async () => {
  const b = await app((srf) =>
    srf.invite((req, res) => {
      res.send(183, { body: SDP(4002) });
      void srf.createUAS(req, res, { localSdp: SDP(4000) });
    }),
  );
  const a = await app();
  const early: string[] = [];
  const uac = await a.srf.createUAC(
    `sip:bob@${b.address}`,
    { localSdp: SDP(5000) },
    { cbProvisional: (res) => early.push(`${res.status} ${res.body === SDP(4002)}`) },
  );
  expect(early).toEqual(['183 true']);
  expect(uac.remote.sdp).toBe(SDP(4000));
});

test.each([302, 404, 480, 486, 500, 603])('a failure %i reaches the caller', async (status) => {
  const b = await app((srf) =>
    srf.invite((_req, res) => res.send(status, { headers: { 'X-Why': 'because' } })),
  );
  const a = await app();
  const error = (await a.srf
    .createUAC(`sip:bob@${b.address}`, { localSdp: SDP(1) })
    .catch((e) => e)) as SipError;
  expect(error.status).toBe(status);
  expect(a.server.stats().dialogs).toBe(0);
  expect(b.server.stats().dialogs).toBe(0);
});

test('the caller cancels while it rings', async () => {
  const cancelled = gate<SrfMessage>();
  const b = await app((srf) =>
    srf.invite((req, res) => {
      req.on('cancel', cancelled.open);
      res.send(180);
    }),
  );
  const a = await app();
  let sent: SrfRequest | undefined;
  const outcome = a.srf
    .createUAC(
      `sip:bob@${b.address}`,
      { localSdp: SDP(5000) },
      {
        cbRequest: (_error, req) => {
          sent = req;
        },
        cbProvisional: () =>
          sent?.cancel({ headers: { Reason: 'SIP;cause=200;text="Call completed elsewhere"' } }),
      },
    )
    .catch((error) => error);
  expect((await cancelled.promise).get('Reason')).toMatch(/completed elsewhere/);
  expect(((await outcome) as SipError).status).toBe(487);
});

test('delayed offer: INVITE without SDP, offer in the 200, answer in the ACK', async () => {
  const acked = gate<SrfMessage>();
  const b = await app((srf) =>
    srf.invite(
      (req, res) =>
        void srf.createUAS(req, res, { localSdp: SDP(4000) }).then((dlg) => dlg.on('ack', acked.open)),
    ),
  );
  const a = await app();
  const offer = (await a.srf.createUAC(`sip:bob@${b.address}`, { noAck: true })) as unknown as {
    sdp: string;
    ack: (sdp: string) => Promise<SrfDialog>;
  };
  expect(offer.sdp).toBe(SDP(4000));
  await offer.ack(SDP(5000));
  expect((await acked.promise).body).toBe(SDP(5000));
});

test('re-INVITE both ways', async () => {
  const { uac, uas } = await call();
  uas.on('modify', (_req: SrfRequest, res: SrfResponse) => res.send(200, { body: SDP(4004) }));
  expect(await uac.modify(SDP(5004))).toBe(SDP(4004));
  uac.on('modify', (_req: SrfRequest, res: SrfResponse) => res.send(488));
  const refused = await uas.request({ method: 'INVITE', body: SDP(4006) });
  expect(refused.status).toBe(488);
  expect((await uas.request({ method: 'INFO' })).status).toBe(200);
});

test.each(['INFO', 'UPDATE', 'OPTIONS', 'NOTIFY', 'REFER', 'MESSAGE'])(
  '%s passes through the dialog both ways',
  async (method) => {
    const { uac, uas, a, b } = await call();
    const headers = {
      'Refer-To': '<sip:c@127.0.0.1>',
      Event: 'refer',
      'Subscription-State': 'terminated',
      'X-One': '1',
    };
    for (const [from, to] of [
      [uac, uas],
      [uas, uac],
    ] as const) {
      const got = once(to, method.toLowerCase());
      const sent = from.request({
        method,
        headers,
        ...(method === 'INFO' && {
          body: 'Signal=5',
          headers: { ...headers, 'Content-Type': 'application/dtmf-relay' },
        }),
      });
      const [req, res] = (await got) as [SrfRequest, SrfResponse];
      expect(req.get('X-One')).toBe('1');
      if (method === 'INFO') expect(req.body).toBe('Signal=5');
      if (method === 'REFER') expect(req.get('Contact')).toBeDefined();
      res.send(method === 'REFER' ? 202 : 200);
      expect((await sent).status).toBe(method === 'REFER' ? 202 : 200);
    }
    expect([a.server.stats().dialogs, b.server.stats().dialogs]).toEqual([1, 1]);
  },
);

test('OPTIONS, REGISTER and MESSAGE outside a dialog; no application for a method is 503', async () => {
  const b = await app((srf) => {
    srf.options((_req, res) => res.send(200, { headers: { Allow: 'INVITE' } }));
    srf.register((req, res) => res.send(200, { headers: { Contact: req.get('Contact')! } }));
  });
  const a = await app();
  const ask = async (method: string, headers = {}): Promise<SrfResponse> => {
    const request = await a.srf.request(`sip:bob@${b.address}`, { method, headers });
    const [response] = (await once(request, 'response')) as [SrfResponse];
    return response;
  };
  expect((await ask('OPTIONS')).get('Allow')).toBe('INVITE');
  const registered = await ask('REGISTER', { Contact: '<sip:gw@localhost>;expires=60' });
  expect(registered.get('Contact')).toBe(`<sip:gw@${a.address}>;expires=60`);
  expect((await ask('MESSAGE')).status).toBe(503);
});

test('digest: the retry keeps Call-ID and From tag, counts CSeq up, and goes where the challenge came from', async () => {
  const seen: SrfRequest[] = [];
  const b = await app((srf) =>
    srf.invite((req, res) => {
      seen.push(req);
      if (!req.has('Proxy-Authorization')) {
        res.send(407, { headers: { 'Proxy-Authenticate': 'Digest realm="pbx", nonce="n1"' } });
        return;
      }
      void srf.createUAS(req, res, { localSdp: SDP(4000) });
    }),
  );
  const a = await app();
  // A host name makes drachtio-srf pin the retry to the address that the challenge came from.
  const port = b.address.split(':')[1];
  await a.srf.createUAC(`sip:bob@localhost:${port}`, {
    localSdp: SDP(5000),
    auth: { username: 'gw', password: 'secret' },
  });
  expect(seen).toHaveLength(2);
  const [first, second] = seen;
  expect(second!.get('Call-ID')).toBe(first!.get('Call-ID'));
  expect(second!.get('From')).toBe(first!.get('From'));
  expect(Number.parseInt(second!.get('CSeq')!, 10)).toBe(Number.parseInt(first!.get('CSeq')!, 10) + 1);
  const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
  const expected = md5(`${md5('gw:pbx:secret')}:n1:${md5(`INVITE:sip:bob@localhost:${port}`)}`);
  expect(second!.get('Proxy-Authorization')).toContain(`response="${expected}"`);
});

test('an unreachable target: 503 without waiting', async () => {
  const a = await app();
  const tcp = (await a.srf
    .createUAC('sip:bob@127.0.0.1:9;transport=tcp', { localSdp: SDP(1) })
    .catch((e) => e)) as SipError;
  expect(tcp.status).toBe(503);
  const name = (await a.srf
    .createUAC('sip:bob@does-not-exist.invalid', { localSdp: SDP(1) })
    .catch((e) => e)) as SipError;
  expect(name.status).toBe(503);
});

test('an application that disconnects: its call ends at the peer', async () => {
  const { a, uas } = await call();
  const destroyed = once(uas, 'destroy');
  a.srf.disconnect();
  const [bye] = (await destroyed) as [SrfMessage];
  expect(bye.get('Reason')).toMatch(/Application gone/);
});

test('100 calls at once, nothing left behind', async () => {
  const b = await app((srf) =>
    srf.invite((req, res) => {
      res.send(180);
      void srf.createUAS(req, res, { localSdp: SDP(4000) });
    }),
  );
  const a = await app();
  const calls = await Promise.all(
    Array.from({ length: 100 }, (_, i) =>
      a.srf.createUAC(`sip:${i}@${b.address}`, { localSdp: SDP(5000 + i) }),
    ),
  );
  expect(new Set(calls.map((dialog) => dialog.sip.callId)).size).toBe(100);
  expect(a.server.stats().dialogs).toBe(100);
  await Promise.all(calls.map((dialog) => dialog.destroy()));
  expect([a.server.stats().dialogs, b.server.stats().dialogs]).toEqual([0, 0]);
  expect(a.server.stats().strayResponses).toBe(0);
});

test('100rel between two applications: 183 with SDP, PRACK, then the answer', async () => {
  const order: string[] = [];
  const b = await app((srf) =>
    srf.invite((req, res) => {
      const answer = (): void => {
        order.push('answered');
        void srf.createUAS(req, res, { localSdp: SDP(4000) });
      };
      res.send(183, { headers: { Require: '100rel' }, body: SDP(4002) }, undefined, (prack) => {
        order.push(`${prack.method} ${prack.has('RAck')}`);
        answer();
      });
    }),
  );
  const a = await app();
  const uac = await a.srf.createUAC(
    `sip:bob@${b.address}`,
    { localSdp: SDP(5000), headers: { Supported: '100rel' } },
    { cbProvisional: (res) => order.push(`${res.status} ${res.has('RSeq')}`) },
  );
  expect(order).toEqual(['183 true', 'PRACK true', 'answered']);
  expect(uac.remote.sdp).toBe(SDP(4000));
  expect(b.server.stats()).toMatchObject({
    requestsIn: { INVITE: 1, PRACK: 1 },
    responsesOut: { PRACK: { 200: 1 } },
  });
  await uac.destroy();
  expect([a.server.stats().dialogs, b.server.stats().dialogs]).toEqual([0, 0]);
});

test('100rel: an application that does not wait for the PRACK', async () => {
  const b = await app((srf) =>
    srf.invite((req, res) => {
      res.send(180, { headers: { Require: '100rel' } });
      void srf.createUAS(req, res, { localSdp: SDP(4000) });
    }),
  );
  const a = await app();
  const uac = await a.srf.createUAC(`sip:bob@${b.address}`, {
    localSdp: SDP(5000),
    headers: { Supported: '100rel' },
  });
  // No 501 of drachtio-srf to a PRACK after its 200.
  expect(b.server.stats().responsesOut).toEqual({ INVITE: { 100: 1, 180: 1, 200: 1 }, PRACK: { 200: 1 } });
  await uac.destroy();
});

test('a CANCEL that crosses the challenge: drachtio-srf does not call again with credentials', async () => {
  // A peer that challenges at once, without a provisional response: the CANCEL is still held.
  const peer = createSocket('udp4');
  const methods: string[] = [];
  peer.on('message', (data, from) => {
    const request = data.toString();
    methods.push(request.split(' ', 1)[0] ?? '');
    if (!request.startsWith('INVITE')) return;
    const kept = request.split('\r\n').filter((line) => /^(Via|From|Call-ID|CSeq|To):/i.test(line));
    const challenge = 'Proxy-Authenticate: Digest realm="pbx", nonce="n1"';
    const lines = [
      'SIP/2.0 407 Proxy Authentication Required',
      ...kept,
      challenge,
      'Content-Length: 0',
      '',
      '',
    ];
    peer.send(lines.join('\r\n').replace(/^To: .*$/im, '$&;tag=peer'), from.port, from.address);
  });
  peer.bind(0, '127.0.0.1');
  await once(peer, 'listening');
  const a = await app();
  const auth = { username: 'gw', password: 'secret' };
  const error = (await a.srf
    .createUAC(
      `sip:bob@127.0.0.1:${peer.address().port}`,
      { localSdp: SDP(5000), auth },
      { cbRequest: (_error, req) => req.cancel() },
    )
    .catch((e) => e)) as SipError;
  expect(error.status).toBe(487);
  await expect.poll(() => methods).toEqual(['INVITE', 'ACK']);
  expect(a.server.stats()).toMatchObject({ dialogs: 0, requestsOut: { INVITE: 1 } });
  peer.close();
});

test('an UPDATE before the answer reaches drachtio-srf on both sides', async () => {
  const answers: string[] = [];
  const b = await app((srf) =>
    srf.invite((req, res) => {
      req.on('update', (update: SrfRequest, updated: SrfResponse) => {
        answers.push(update.body);
        updated.send(200, { body: SDP(4002) });
        void srf.createUAS(req, res, { localSdp: SDP(4000) });
      });
      res.send(183, { body: SDP(4002) });
    }),
  );
  const a = await app();
  let invite: SrfRequest | undefined;
  const uac = await a.srf.createUAC(
    `sip:bob@${b.address}`,
    { localSdp: SDP(5000) },
    {
      cbRequest: (_error, req) => {
        invite = req;
      },
      cbProvisional: (res) => {
        const update = { method: 'UPDATE', stackDialogId: res.stackDialogId, body: SDP(5002) };
        const { agent } = invite as unknown as { agent: { request(options: object): void } };
        agent.request(update);
      },
    },
  );
  expect(answers).toEqual([SDP(5002)]);
  expect(uac.remote.sdp).toBe(SDP(4000));
  await uac.destroy();
});
