import { afterAll, describe, expect, it } from 'vitest';
import { Authority } from '../sip-server/support/certificates.ts';
import { hasPeers } from '../support/peer.ts';
import { Baresip } from './support/baresip.ts';
import { office, PASSWORDS } from './support/office.ts';
import { heardHz } from './support/recording.ts';

const { pbx: startPbx, closes } = office();
const authority = new Authority();
const ca = authority.write('authority.pem', authority.cert);
afterAll(() => authority.close());

describe.runIf(hasPeers('baresip'))('baresip over TLS', () => {
  it('registers, is called on the connection it made, and calls', async () => {
    const tls = { certificates: [authority.issue('IP:127.0.0.1', 30, '127.0.0.1')] };
    const pbx = await startPbx({
      server: { listen: [{ protocol: 'tls', address: '127.0.0.1', port: 0, tls }] },
    });
    const register = async (user: 'alice' | 'bob', toneHz: number): Promise<Baresip> => {
      const registrar = {
        address: pbx.address('tls'),
        password: PASSWORDS[user],
        transport: 'tls',
        ca,
      } as const;
      const phone = await Baresip.start({ user, toneHz, answers: false, registrar });
      closes(phone);
      await pbx.registrar.registered(user);
      return phone;
    };
    const [alice, bob] = await Promise.all([register('alice', 500), register('bob', 700)]);
    alice.dial(`sip:bob@${pbx.address('tls')};transport=tls`);
    await bob.ringing();
    bob.answer();
    await Promise.all([alice.established(), bob.established(), pbx.call()]);
    await Promise.all([alice.hears(), bob.hears()]);
    bob.hangup();
    await Promise.all([alice.ended(), bob.ended(), pbx.idle()]);
    expect(Math.abs(heardHz(alice.heard()) / 700 - 1)).toBeLessThan(0.02);
    expect(Math.abs(heardHz(bob.heard()) / 500 - 1)).toBeLessThan(0.02);
    expect(pbx.server.stats()).toMatchObject({ malformed: 0, strayResponses: 0, transportErrors: 0 });
  });
});
