import { afterEach, expect, test } from 'vitest';
import { freeSipPort } from '../support/ports.ts';
import { type App, SDP, startApp } from './support/app.ts';
import type { Srf, SrfDialog, SrfRequest } from './support/srf.ts';

const apps: App[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((each) => each.close()));
});

async function app(protocols: readonly ('udp' | 'tcp')[], routes?: (srf: Srf) => void): Promise<App> {
  const port = await freeSipPort();
  const listen = protocols.map((protocol) => ({ protocol, address: '127.0.0.1', port }));
  const started = await startApp(routes, { listen });
  apps.push(started);
  return started;
}

const BIG = `${SDP(5000)}a=x-large:${'x'.repeat(1400)}\r\n`;

interface Call {
  readonly uac: SrfDialog;
  /** Via of the request as the application was told it, and as the callee got it. */
  readonly told: string;
  readonly came: string;
  readonly contact: string;
}

/** A call from a server with UDP and TCP. */
async function call(
  callee: readonly ('udp' | 'tcp')[],
  sdp: string,
  params = '',
): Promise<Call & { modified: string[] }> {
  let came: SrfRequest | undefined;
  const modified: string[] = [];
  const b = await app(callee, (srf) =>
    srf.invite((req, res) => {
      came = req;
      void srf.createUAS(req, res, { localSdp: SDP(4000) }).then((dialog) =>
        dialog.on('modify', (again: SrfRequest, answer: { send(status: number, of: object): void }) => {
          modified.push(again.get('Via') ?? '');
          answer.send(200, { body: SDP(4000) });
        }),
      );
    }),
  );
  const a = await app(['udp', 'tcp']);
  let told: SrfRequest | undefined;
  const uac = await a.srf.createUAC(
    `sip:bob@${b.address}${params}`,
    { localSdp: sdp },
    { cbRequest: (_error, req) => (told = req) },
  );
  const via = (req: SrfRequest | undefined): string =>
    /^SIP\/2\.0\/(\w+)/.exec(req?.get('Via') ?? '')?.[1] ?? '';
  return { uac, told: via(told), came: via(came), contact: came?.get('Contact') ?? '', modified };
}

test('a request over 1,300 bytes goes by TCP, and the application is told so; a small one by UDP', async () => {
  const big = await call(['udp', 'tcp'], BIG);
  expect(big).toMatchObject({ told: 'TCP', came: 'TCP' });
  expect(big.contact).toContain(';transport=tcp');
  await big.uac.destroy();
  const small = await call(['udp', 'tcp'], SDP(5000));
  expect(small).toMatchObject({ told: 'UDP', came: 'UDP' });
  expect(small.contact).not.toContain('transport');
  await small.uac.destroy();
});

test('UDP takes it when the URI says UDP, and when TCP is refused', async () => {
  const fixed = await call(['udp', 'tcp'], BIG, ';transport=udp');
  expect(fixed).toMatchObject({ told: 'UDP', came: 'UDP' });
  await fixed.uac.destroy();
  const refused = await call(['udp'], BIG);
  expect(refused).toMatchObject({ told: 'UDP', came: 'UDP' });
  await refused.uac.destroy();
});

test('a re-INVITE that has grown goes by TCP, and what follows it does not overtake it', async () => {
  const { uac, modified } = await call(['udp', 'tcp'], SDP(5000));
  const [sdp] = await Promise.all([uac.modify(BIG), uac.request({ method: 'INFO' })]);
  expect(sdp).toBe(SDP(4000));
  expect(modified.map((via) => via.split(' ', 1)[0])).toEqual(['SIP/2.0/TCP']);
  await uac.destroy();
});
