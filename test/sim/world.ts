import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { buildMetaOffer } from '../../src/sdp/index.ts';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { MetaSimulator, type MetaSimulatorOptions } from '../../src/sim/index.ts';

export const TOKEN = 'page-token';
export const SECRET = 'app-secret';

interface CallItem {
  readonly id: string;
  readonly event: string;
}

/** A gateway that only takes webhooks. */
export class Receiver {
  readonly bodies: { readonly raw: Buffer; readonly signature: string | undefined }[] = [];
  answers: number[] = [];
  readonly #server: Server;
  #wake: (() => void) | undefined;

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        const status = this.answers.shift() ?? 200;
        // A status of 0 is never sent.
        if (status > 0) response.writeHead(status).end();
        this.bodies.push({
          raw: Buffer.concat(chunks),
          signature: request.headers['x-hub-signature-256'] as string,
        });
        this.#wake?.();
      });
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', () => resolve()));
    onTestFinished(async () => {
      this.#server.closeAllConnections();
      await new Promise((resolve) => this.#server.close(resolve));
    });
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  /** A URL that answers Meta's handshake for this token. */
  async listenForHandshake(verifyToken: string): Promise<string> {
    const server = createServer((request, response) => {
      const { searchParams } = new URL(request.url ?? '/', 'http://hook');
      const known = searchParams.get('hub.verify_token') === verifyToken;
      response.writeHead(known ? 200 : 403).end(known ? searchParams.get('hub.challenge') : '');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    onTestFinished(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  }

  /** `entry[]` of the `n`-th body. */
  entries(
    n: number,
  ): readonly { readonly calls: readonly CallItem[]; readonly changes?: readonly object[] }[] {
    return JSON.parse(this.bodies[n]?.raw.toString() ?? '{"entry":[]}').entry;
  }

  async count(wanted: number): Promise<void> {
    while (this.bodies.length < wanted) await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}

export async function start(
  options: Partial<MetaSimulatorOptions> = {},
): Promise<{ simulator: MetaSimulator; receiver: Receiver; clock: FakeClock }> {
  const receiver = new Receiver();
  const clock = new FakeClock();
  const simulator = await MetaSimulator.start({
    pageId: '10',
    accessToken: TOKEN,
    appSecret: SECRET,
    webhookUrl: await receiver.listen(),
    clock,
    ...options,
  });
  onTestFinished(() => simulator.close());
  return { simulator, receiver, clock };
}

export const offer = buildMetaOffer({
  sessionId: '123456',
  candidates: [{ foundation: '1', priority: 1, address: '127.0.0.1', port: 40_000 }],
  iceUfrag: 'abcd',
  icePwd: 'abcdefghijklmnopqrstuvwx',
  fingerprint: Array(32).fill('AB').join(':'),
  ssrc: 1,
  cname: 'c',
  streamId: 's',
  trackId: 't',
});

export async function ask(
  simulator: MetaSimulator,
  body: object,
  change: { token?: string; page?: string; query?: string } = {},
): Promise<{
  status: number;
  body: {
    error?: { code: number; error_subcode?: number; message: string; fbtrace_id: string };
    [key: string]: unknown;
  };
}> {
  const response = await fetch(
    `${simulator.graphUrl}/v26.0/${change.page ?? '10'}/calls${change.query ?? ''}`,
    {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${change.token ?? TOKEN}` },
      body: JSON.stringify(body),
    },
  );
  return {
    status: response.status,
    body: (await response.json()) as Awaited<ReturnType<typeof ask>>['body'],
  };
}

export const accept = (callId: string, sdp = offer, more: object = {}): object => ({
  platform: 'messenger',
  call_id: callId,
  action: 'accept',
  session: { sdp_type: 'offer', sdp, ...more },
});

/** Moves the clock in steps until the condition holds; between them what is under way on sockets goes on. */
export async function advanceUntil(clock: FakeClock, condition: () => boolean, stepMs = 100): Promise<void> {
  while (!condition()) {
    clock.advance(stepMs);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
