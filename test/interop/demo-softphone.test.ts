import { describe, expect, it } from 'vitest';
import { hasPeers } from '../support/peer.ts';
import { PeerProcess, peerFolder } from '../support/peer-process.ts';
import { CONSUMER_HZ, desks, PHONE_KINDS } from './support/desk.ts';
import { isTone } from './support/recording.ts';

const ENTRY = new URL('../../src/cli/msgw.ts', import.meta.url).pathname;
const { phone: startPhone, closes } = desks();

describe.runIf(hasPeers('baresip', 'linphonec')).each(PHONE_KINDS)(
  '%s with what the demo printed',
  (kind) => {
    it('registers, rings, and both hear each other', async () => {
      const demo = closes(
        new PeerProcess(
          process.execPath,
          [
            ENTRY,
            'demo',
            '--softphone',
            '--address',
            '127.0.0.1',
            '--sip-port',
            '0',
            '--seconds',
            '2',
            '--json',
          ],
          peerFolder('demo'),
        ),
      );
      const told = async (name: string): Promise<string> =>
        (await demo.line(new RegExp(`${name} +\\S+`))).trim().split(/ +/).at(-1) as string;
      const [address, user, password] = [await told('server'), await told('user'), await told('password')];
      const phone = await startPhone(kind, { user, registrar: { address, password } });
      await phone.established();
      await phone.hears(1);
      const result = JSON.parse(await demo.line(/^\{"ok"/));
      expect(result).toMatchObject({
        ok: true,
        record: { cause: 'consumer-hangup', target: 'softphone/100' },
      });
      expect(result.consumer.rxPackets).toBeGreaterThan(50);
      await phone.ended();
      expect(isTone(phone.heard(), CONSUMER_HZ)).toBe(true);
    });
  },
);
