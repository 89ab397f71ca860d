import { type Message, Peer } from '../sip/support/peer.ts';
import { hears } from '../support/hears.ts';
import { RtpEnd } from '../support/rtp-end.ts';
import { until } from './world.ts';

/** A phone on the wire: SIP as the test writes it, RTP with a tone of its own, an ear. Mono G.711. */
export class WirePhone {
  readonly peer: Peer;
  readonly toneHz: number;
  readonly law: 'PCMU' | 'PCMA';
  readonly #rtp: RtpEnd;
  readonly #ssrc = Math.floor(Math.random() * 2 ** 32);
  /** Where it talks to. */
  #to = 0;

  static async start(toneHz: number, law: WirePhone['law'] = 'PCMU'): Promise<WirePhone> {
    return new WirePhone(await Peer.start(), await RtpEnd.start(), toneHz, law);
  }

  private constructor(peer: Peer, rtp: RtpEnd, toneHz: number, law: WirePhone['law']) {
    this.peer = peer;
    this.toneHz = toneHz;
    this.law = law;
    this.#rtp = rtp;
  }

  /** RTP packets that came. */
  get packets(): number {
    return this.#rtp.received.length;
  }

  get port(): number {
    return this.peer.port;
  }

  /** Its session description; `direction` as it wants it. */
  sdp(direction = 'sendrecv', version = 1): string {
    const type = this.#type;
    return [
      ...['v=0', `o=- 1 ${version} IN IP4 127.0.0.1`, 's=-', 'c=IN IP4 127.0.0.1', 't=0 0'],
      `m=audio ${this.#rtp.port} RTP/AVP ${type}`,
      ...[`a=rtpmap:${type} ${this.law}/8000`, `a=${direction}`, ''],
    ].join('\r\n');
  }

  /** Takes the next INVITE and answers it. @param to what it makes of its To */
  async answer(headers: Record<string, string> = {}, to?: string): Promise<Message> {
    const invite = await this.peer.request('INVITE');
    const rung = to === undefined ? invite : { ...invite, headers: new Map([...invite.headers, ['to', to]]) };
    this.peer.respond(rung, 180, { reason: 'Ringing' });
    this.pickUp(rung, headers);
    await this.peer.request('ACK');
    return invite;
  }

  /** 200 to an INVITE, and talks. */
  pickUp(invite: Message, headers: Record<string, string> = {}): void {
    this.talkTo(invite.body);
    this.peer.respond(invite, 200, { body: this.sdp(), headers });
  }

  /** 200 to an INVITE, and listens only. */
  listen(invite: Message): void {
    this.peer.respond(invite, 200, { body: this.sdp() });
  }

  /** Sends its tone to where that description wants it. */
  talkTo(sdp: string): void {
    this.#to = Number(/^m=audio (\d+)/m.exec(sdp)?.[1]);
    this.#rtp.talk(this.toneHz, { port: this.#to, payloadType: this.#type, ssrc: this.#ssrc });
  }

  /** Sends no RTP any more, only RTCP: a PBX that keeps the leg and leaves it alone. */
  onlyReports(): void {
    this.#rtp.onlyReports({ port: this.#to + 1, ssrc: this.#ssrc });
  }

  hush(): void {
    this.#rtp.hush();
  }

  /** Whether the last half second was that tone. */
  hears(hz: number): boolean {
    return this.#rtp.hears(hz);
  }

  /** 200 to the next BYE. */
  async byeComes(): Promise<Message> {
    const bye = await this.peer.request('BYE');
    this.peer.respond(bye, 200);
    this.hush();
    return bye;
  }

  /** Hangs up in the dialog of that INVITE. */
  async hangUp(invite: Message): Promise<void> {
    this.peer.requestIn(invite, 'BYE');
    await this.peer.response(200, 'BYE');
    this.hush();
  }

  /** 200 to the next NOTIFY; its sipfrag and state. */
  async notified(): Promise<{ frag: string; state: string; event: string }> {
    const notify = await this.peer.request('NOTIFY');
    this.peer.respond(notify, 200);
    return {
      frag: notify.body.trim(),
      state: (notify.headers.get('subscription-state') ?? '').split(';', 1)[0] ?? '',
      event: notify.headers.get('event') ?? '',
    };
  }

  /** Calls that user at the gateway; its 200, as the INVITE of a dialog that the phone sends requests in. */
  async dial(at: { address: string; port: number }, user: string, headers = {}): Promise<Message> {
    const contact = `udp/${at.address}:${at.port}`;
    this.peer.requestTo(contact, 'INVITE', { user, headers, body: this.sdp() });
    const answer = await this.peer.response(200, 'INVITE');
    this.peer.ack(answer);
    this.talkTo(answer.body);
    const turned = new Map(answer.headers);
    turned.set('to', (answer.headers.get('from') ?? '').replace(/;tag=.*/, ''));
    turned.set('from', answer.headers.get('to') ?? '');
    return { ...answer, headers: turned };
  }

  /** 200 to every NOTIFY until the last one; what they told. */
  async allNotified(): Promise<string[]> {
    const told: string[] = [];
    for (;;) {
      const { frag, state } = await this.notified();
      told.push(frag);
      if (state === 'terminated') return told;
    }
  }

  refer(invite: Message, to: string, headers: Record<string, string> = {}): void {
    this.peer.requestIn(invite, 'REFER', { headers: { 'Refer-To': to, ...headers } });
  }

  get #type(): 0 | 8 {
    return this.law === 'PCMU' ? 0 : 8;
  }
}

/** The two hear each other's tones. */
export async function hearEachOther(
  phone: { hears(hz: number): boolean; readonly toneHz: number },
  consumer: { recording(): { readonly sampleRate: number; readonly pcm: Int16Array } },
  consumerHz: number,
): Promise<void> {
  await until(() => phone.hears(consumerHz) && consumerHears(consumer, phone.toneHz));
}

/** The consumer's last half second was that tone. */
export function consumerHears(
  consumer: { recording(): { readonly sampleRate: number; readonly pcm: Int16Array } },
  hz: number,
): boolean {
  return hears(consumer.recording(), hz);
}
