import { describe, expect, it } from 'vitest';
import { hasPeers } from '../support/peer.ts';
import { office } from './support/office.ts';

const { pbx: startPbx, phone } = office();

describe.runIf(hasPeers('baresip', 'linphonec')).each(['baresip', 'linphone'] as const)('%s', (kind) => {
  it.each(['udp', 'tcp', 'tls'] as const)('registers over %s, refreshes, unregisters', async (transport) => {
    const pbx = await startPbx({ grantS: 1 });
    const bob = await phone(kind, pbx, { user: 'bob', toneHz: 700, transport });
    const first = await pbx.registrar.registered('bob');
    expect(first.via).toContain(`transport=${transport}`);
    const again = await pbx.registrar.registered('bob', 2);
    expect(again.callId).toBe(first.callId);
    bob.unregister();
    await pbx.registrar.unregistered('bob');
    expect(pbx.registrar.binding('bob')).toBeUndefined();
    expect(pbx.server.stats()).toMatchObject({ malformed: 0, strayResponses: 0 });
  });

  it('is refused with a wrong password', async () => {
    const pbx = await startPbx();
    const bob = await phone(kind, pbx, { user: 'bob', toneHz: 700, password: 'wrecker' });
    await bob.rejected();
    expect(pbx.registrar.binding('bob')).toBeUndefined();
  });
});
