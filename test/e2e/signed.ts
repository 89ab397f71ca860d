import type { World } from '../../src/cli/demo/world.ts';
import { authorize, parseChallenges } from '../../src/sip/digest.ts';
import type { Message, Peer } from '../sip/support/peer.ts';
import { sipAt } from './two-phones.ts';

/** What worlds have in their environment. */
const PASSWORD = 'demo-page-token';

/**
 * Sends a request outside of a dialog, and again with what the 401 asks for: the account's password is `${PAGE_TOKEN}`. The
 * 401; the answer to the second one is the test's to await.
 */
export async function signed(
  world: World,
  peer: Peer,
  user: string,
  method: string,
  wanted: { readonly headers: Record<string, string>; readonly body?: string },
): Promise<Message> {
  const { address, port } = sipAt(world);
  const place = `udp/${address}:${port}`;
  peer.requestTo(place, method, wanted);
  const asked = await peer.response(401, method);
  if (method === 'INVITE') peer.ack(asked);
  const [challenge] = parseChallenges(asked.headers.get('www-authenticate') ?? '');
  if (!challenge) throw new Error('no challenge');
  const request = { method, uri: `sip:gateway@${address}:${port}`, body: '' };
  const authorization = authorize(challenge, request, { username: user, password: PASSWORD }, 'c0ffee');
  const headers = { ...wanted.headers, Authorization: authorization };
  peer.requestTo(place, method, { ...wanted, headers });
  return asked;
}
