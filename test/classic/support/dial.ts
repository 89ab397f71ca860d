import { DEMO_PAGE, type World } from '../../../src/cli/demo/world.ts';
import type { ConsumerCall } from '../../../src/sim/index.ts';
import { caller, type worlds } from '../../e2e/world.ts';
import { type Message, Peer } from '../../sip/support/peer.ts';
import { RtpEnd } from '../../support/rtp-end.ts';
import type { RawOptions } from './call.ts';

/** A call that a phone of two sockets places to a consumer. */
export interface RawDial {
  readonly world: World;
  readonly consumer: ConsumerCall;
  readonly peer: Peer;
  readonly rtp: RtpEnd;
  readonly callId: string;
  cancel(headers?: Record<string, string>): void;
}

export interface DialOptions extends RawOptions {
  /** The offer; undefined asks for ours. */
  readonly body?: (rtp: RtpEnd) => string;
  readonly headers?: Record<string, string>;
  readonly whenCalled?: Parameters<World['simulator']['consumer']>[0]['whenCalled'];
}

/** A gateway whose phone may call out; nothing has been dialed yet. */
export async function outboundWorld(
  start: ReturnType<typeof worlds>['start'],
  { trunk = {}, ...options }: RawOptions = {},
): Promise<{ readonly world: World; readonly peer: Peer; readonly contact: string }> {
  const peer = await Peer.start();
  const world = await start({
    phone: { user: '100', host: '127.0.0.1', port: peer.port },
    ...options,
    configure: (yaml) => {
      Object.assign((yaml['trunks'] as Record<string, object>)['phone1'] as object, trunk);
      yaml['outbound'] = { rules: [{ trunk: 'phone1', page: DEMO_PAGE }] };
      options.configure?.(yaml);
    },
  });
  const [at] = world.gateway.sipContacts;
  return { world, peer, contact: `udp/${at?.address}:${at?.port}` };
}

/** The INVITE is out, and the consumer's device rings or is about to. */
export async function dial(
  start: ReturnType<typeof worlds>['start'],
  { body, headers = {}, whenCalled, ...options }: DialOptions = {},
): Promise<RawDial> {
  const { world, peer, contact } = await outboundWorld(start, options);
  const rtp = await RtpEnd.start();
  world.simulator.consumer({ ...caller, permission: true, ...(whenCalled ? { whenCalled } : {}) });
  const placed = world.simulator.nextPlaced();
  const { callId, cancel } = peer.requestTo(contact, 'INVITE', {
    user: caller.psid,
    headers,
    ...(body ? { body: body(rtp) } : {}),
  });
  return { world, peer, rtp, callId, consumer: await placed, cancel: (more = {}) => cancel(more) };
}

/** In the dialog that our 200 made. */
export function inDialog(ok: Message): Record<string, string> {
  return {
    From: ok.headers.get('from') ?? '',
    To: ok.headers.get('to') ?? '',
    'Call-ID': ok.headers.get('call-id') ?? '',
  };
}
