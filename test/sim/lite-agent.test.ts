import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { LiteAgent } from '../../src/sim/lite-agent.ts';
import { check, ICE_CONTROLLED, USE_CANDIDATE, verdictOf } from './stun-request.ts';

const nominating = check({ more: [[USE_CANDIDATE, Buffer.alloc(0)]] });

async function world(): Promise<{ agent: LiteAgent; heard: string[]; peer(): Promise<Peer> }> {
  const heard: string[] = [];
  const agent = await LiteAgent.open({
    address: '127.0.0.1',
    credentials: { ufrags: ['META'], pwd: 'p'.repeat(24), remoteUfrag: 'gate' },
    onData: (datagram) => heard.push(datagram.toString()),
  });
  onTestFinished(() => agent.close());
  const port = agent.candidates[0]?.port ?? 0;
  return {
    agent,
    heard,
    peer: async () => {
      const socket = createSocket('udp4');
      socket.bind(0, '127.0.0.1');
      await once(socket, 'listening');
      onTestFinished(() => void socket.close());
      return new Peer(socket, port);
    },
  };
}

class Peer {
  readonly #socket: Socket;
  readonly #port: number;
  constructor(socket: Socket, port: number) {
    this.#socket = socket;
    this.#port = port;
  }
  send(datagram: Buffer | string): void {
    this.#socket.send(datagram, this.#port, '127.0.0.1');
  }
  async next(): Promise<Buffer> {
    const [datagram] = (await once(this.#socket, 'message')) as [Buffer];
    return datagram;
  }
  async ask(datagram: Buffer): Promise<string> {
    this.send(datagram);
    return verdictOf(await this.next());
  }
}

it('hears and answers the path that was nominated last, and nobody else', async () => {
  const { agent, heard, peer } = await world();
  const [one, two] = [await peer(), await peer()];
  one.send('too early');
  expect(await one.ask(check())).toBe('ok');
  one.send('not nominated');
  expect(await one.ask(nominating)).toBe('ok');
  one.send('first');
  two.send('a stranger');
  expect(await two.ask(nominating)).toBe('ok');
  two.send('second');
  one.send('gone by');
  expect(await one.ask(check({ role: ICE_CONTROLLED }))).toBe('487');
  agent.send(Buffer.from('to the second'));
  expect((await two.next()).toString()).toBe('to the second');
  expect(heard).toEqual(['first', 'second']);
  expect(agent.checks).toEqual({ answered: 3, refused: { 487: 1 }, strangers: 4 });
});

it('sends nothing before a nomination, and nothing after it is closed', async () => {
  const { agent, peer } = await world();
  const one = await peer();
  agent.send(Buffer.from('nowhere'));
  expect(await one.ask(nominating)).toBe('ok');
  await agent.close();
  await agent.close();
  agent.send(Buffer.from('closed'));
});

it('says which address cannot be had', async () => {
  const credentials = { ufrags: ['META'], pwd: 'p', remoteUfrag: 'gate' };
  await expect(LiteAgent.open({ address: '192.0.2.1', credentials, onData: () => {} })).rejects.toThrow(
    'EADDRNOTAVAIL',
  );
});
