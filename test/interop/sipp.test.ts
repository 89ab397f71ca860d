import { describe, expect, it } from 'vitest';
import { hasPeers } from '../support/peer.ts';
import { freeUdpPort } from '../support/ports.ts';
import { office, PASSWORDS } from './support/office.ts';
import { scenario, sipp } from './support/sipp.ts';

const { pbx: startPbx, phone } = office();
const carol = ['-key', 'user', 'carol', '-au', 'carol', '-ap', PASSWORDS.carol];
const MODES = { udp: 'u1', tcp: 't1' } as const;

describe.runIf(hasPeers('sipp', 'baresip', 'linphonec'))('sipp', () => {
  it('registers with a password, is called there, unregisters', async () => {
    const pbx = await startPbx();
    const port = await freeUdpPort();
    const register = (expires: string): Promise<{ done: Promise<void> }> =>
      sipp([...scenario('register.xml'), ...carol, '-key', 'expires', expires], pbx.address(), port);
    await (await register('60')).done;
    expect(pbx.registrar.binding('carol')?.via).toBe(`sip:127.0.0.1:${port};transport=udp`);
    const called = await sipp(scenario('uas-answer.xml'), undefined, port);
    const alice = await phone('baresip', pbx, { user: 'alice', toneHz: 500 });
    alice.dial(pbx.uri('carol'));
    await alice.established();
    alice.hangup();
    await called.done;
    expect(await pbx.call()).toEqual({ from: 'alice', to: 'carol', status: 200 });
    await (await register('0')).done;
    expect(pbx.registrar.binding('carol')).toBeUndefined();
  });

  it.each(['udp', 'tcp'] as const)('is refused over %s with a wrong password', async (transport) => {
    const pbx = await startPbx();
    const wrong = ['-key', 'user', 'carol', '-au', 'carol', '-ap', 'dancer', '-key', 'expires', '60'];
    const args = [...scenario('register.xml'), ...wrong, '-t', MODES[transport]];
    const { done } = await sipp(args, pbx.address(transport));
    await expect(done).rejects.toThrow(/expecting '200'.* received 'SIP\/2.0 401/);
    expect(pbx.registrar.accepted).toEqual([]);
  });

  it.each([
    { callee: 'baresip', transport: 'udp' },
    { callee: 'baresip', transport: 'tcp' },
    { callee: 'linphone', transport: 'udp' },
    { callee: 'linphone', transport: 'tcp' },
  ] as const)('calls $callee over $transport, holds, sends INFO, hangs up', async ({ callee, transport }) => {
    const pbx = await startPbx();
    const bob = await phone(callee, pbx, { user: 'bob', toneHz: 700 });
    const args = [...scenario('uac-digest.xml'), ...carol, '-s', 'bob', '-t', MODES[transport]];
    const { done } = await sipp(args, pbx.address(transport));
    await bob.ringing();
    bob.answer();
    await done;
    await bob.ended();
    expect(await pbx.passed('INVITE')).toMatchObject({ status: 200 });
    expect(await pbx.passed('INFO')).toMatchObject({
      status: 200,
      body: expect.stringContaining('Signal=5'),
    });
    expect(pbx.server.stats()).toMatchObject({ malformed: 0, strayResponses: 0, transportErrors: 0 });
  });

  it('is called over TCP by a phone on UDP', async () => {
    const pbx = await startPbx();
    const callee = await sipp([...scenario('uas-answer.xml'), '-t', 't1']);
    pbx.registrar.bind('trunk', `sip:trunk@127.0.0.1:${callee.port};transport=tcp`);
    const alice = await phone('linphone', pbx, { user: 'alice', toneHz: 500 });
    alice.dial(pbx.uri('trunk'));
    await alice.established();
    alice.hangup();
    await callee.done;
    await alice.ended();
  });

  it.each([
    { bundled: 'uac', transport: 'udp' },
    { bundled: 'uac', transport: 'tcp' },
    { bundled: 'regexp', transport: 'udp' },
  ] as const)('makes 20 calls over $transport with its own $bundled', async ({ bundled, transport }) => {
    const pbx = await startPbx();
    const calls = ['-sn', bundled, '-s', 'echo', '-m', '20', '-r', '20', '-d', '20'];
    const { done } = await sipp([...calls, '-t', MODES[transport]], pbx.address(transport));
    await done;
    expect(pbx.server.stats().requestsIn).toMatchObject({ INVITE: 20, ACK: 20, BYE: 20 });
  });
});
