import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export const SECRET = `whsec_${Buffer.from('a secret of thirty-two bytes.!!!').toString('base64')}`;

export interface Event {
  readonly id: string;
  readonly callId: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Somebody's receiver: verifies as Standard Webhooks says, and answers as the test wants. */
export async function receiver(
  answer: (event: Event) => number | { status: number; headers: object } = () => 204,
) {
  const events: Event[] = [];
  let held: { readonly asked: () => void; readonly until: Promise<void> } | undefined;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const { data } = JSON.parse(body) as { data: { callId: string } };
      const event = {
        id: String(request.headers['webhook-id']),
        callId: data.callId,
        headers: request.headers,
        body,
      };
      events.push(event);
      const said = answer(event);
      const { status, headers = {} } = typeof said === 'number' ? { status: said } : said;
      const answered = (): void => void response.writeHead(status, { ...headers }).end('some words');
      if (!held) return answered();
      held.asked();
      void held.until.then(answered);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = () => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  };
  onTestFinished(stop);
  const { port } = server.address() as AddressInfo;
  /** From now on an answer waits for `until`. */
  const hold = (asked: () => void, until: Promise<void>): void => {
    held = { asked, until };
  };
  return { events, hold, url: `http://127.0.0.1:${port}/hook`, port, stop };
}

/** As a receiver checks it, written out from the specification. */
export function isSigned({ headers, body }: Event, secret = SECRET): boolean {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  const wanted = `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
  return String(headers['webhook-signature']).split(' ').includes(wanted);
}
