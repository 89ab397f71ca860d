import { describe, expect, it } from 'vitest';
import { hasPeers } from '../support/peer.ts';
import { office, PASSWORDS } from './support/office.ts';
import type { Pbx } from './support/pbx.ts';
import { sipsak } from './support/sipsak.ts';

const { pbx: startPbx, phone } = office();
const ok = { code: 0 };

/** sipsak cuts the last digit of a port in From and To, so users alone are compared. */
const ping = (pbx: Pbx): ReturnType<typeof sipsak> => sipsak(['-vv', '-s', pbx.uri('ping')]);

describe.runIf(hasPeers('sipsak', 'baresip'))('sipsak', () => {
  it('pings with OPTIONS', async () => {
    const { code, output } = await ping(await startPbx());
    expect(code).toBe(0);
    expect(output).toContain('SIP/2.0 200 OK');
    expect(output).toContain('final received');
  });

  it('registers at a user location server with a password', async () => {
    const pbx = await startPbx();
    const usrloc = (password: string): ReturnType<typeof sipsak> => {
      const who = ['-u', 'carol', '-a', password, '-s', pbx.uri('carol')];
      return sipsak(['-U', '-C', 'sip:carol@127.0.0.1:5999', '-x', '60', ...who]);
    };
    expect(await usrloc('dancer')).toMatchObject({ code: 2 });
    expect(pbx.registrar.accepted).toEqual([]);
    expect(await usrloc(PASSWORDS.carol)).toMatchObject(ok);
    expect(pbx.registrar.binding('carol')?.contact).toBe('sip:carol@127.0.0.1:5999');
  });

  it('traces the route: the server is its end, whatever Max-Forwards says', async () => {
    const { code, output } = await sipsak(['-T', '-s', (await startPbx()).uri('ping')]);
    expect(code).toBe(0);
    expect(output).toMatch(/^0: .*SIP\/2.0 200 OK/m);
  });

  it('shoots a MESSAGE, which a phone shows', async () => {
    const pbx = await startPbx();
    const bob = await phone('baresip', pbx, { user: 'bob', toneHz: 700 });
    const message = [
      `MESSAGE ${pbx.uri('bob')} SIP/2.0`,
      'Via: SIP/2.0/UDP 127.0.0.1:5999;branch=z9hG4bK.interop;rport',
      'Max-Forwards: 70',
      'From: <sip:sipsak@127.0.0.1>;tag=1',
      `To: <${pbx.uri('bob')}>`,
      'Call-ID: a-message@127.0.0.1',
      'CSeq: 1 MESSAGE',
      'Content-Type: text/plain',
      'Content-Length: 18',
      '',
      'the door is open, ',
    ];
    const { code, output } = await sipsak(['-i', '-L', '-vv', '-s', pbx.uri('bob')], message.join('\r\n'));
    expect(output).toContain('SIP/2.0 200 OK');
    expect(code).toBe(0);
    await bob.line(/the door is open/);
  });

  it('floods: the server still answers', async () => {
    const pbx = await startPbx();
    const { code, output } = await sipsak(['-F', '-e', '500', '-s', pbx.uri('ping')]);
    expect(code).toBe(0);
    expect(output).toContain('flood end reached');
    expect(await ping(pbx)).toMatchObject(ok);
    expect(pbx.server.stats().requestsIn['OPTIONS']).toBeGreaterThan(1);
  });

  it('trashes characters of its requests: the server still answers', async () => {
    const pbx = await startPbx();
    // It stops at the first request that nobody answers, which is what rubbish gets.
    for (let run = 0; run < 6; run++) {
      const { output } = await sipsak(['-R', '-Z', '10', '-s', pbx.uri('ping')]);
      expect(output).toMatch(/give up further retransmissions|random/i);
    }
    expect(pbx.server.stats().malformed).toBeGreaterThan(6);
    expect(await ping(pbx)).toMatchObject(ok);
  });
});
