import { describe, expect, it } from 'vitest';
import { EventReceiver } from '../../../src/media/dtmf/event-receiver.ts';
import { type EventOutlet, EventSender } from '../../../src/media/dtmf/event-sender.ts';
import { KeyPlayer } from '../../../src/media/dtmf/key-player.ts';

/** A receiver and what it told: `start 5`, `end 5 500`. */
class Follower {
  readonly told: string[] = [];
  now = 0;
  readonly receiver = new EventReceiver((step) => {
    const { digit, durationMs } = this.receiver;
    if (step !== 'update') this.told.push(step === 'end' ? `end ${digit} ${durationMs}` : `start ${digit}`);
  });

  packet(
    code: number,
    timestamp: number,
    duration: number,
    options: { ended?: boolean; marker?: boolean; ssrc?: number; clockRate?: number; bytes?: number } = {},
  ): boolean {
    const { ended = false, marker = false, ssrc = 7, clockRate = 8_000, bytes = 4 } = options;
    const payload = Uint8Array.of(0xff, code, (ended ? 0x80 : 0) | 12, duration >> 8, duration & 0xff);
    return this.receiver.take(payload, 1, bytes, ssrc, timestamp, marker, clockRate, this.now);
  }
}

describe('what is received', () => {
  it('is a key from its first packet to its end, however often the end comes', () => {
    const f = new Follower();
    f.packet(5, 1_000, 160, { marker: true });
    f.packet(5, 1_000, 320);
    for (let i = 0; i < 3; i++) f.packet(5, 1_000, 480, { ended: true });
    expect(f.told).toEqual(['start 5', 'end 5 60']);
    expect(f.receiver.volume).toBe(12);
  });

  it('is a key of which only one end arrived', () => {
    const f = new Follower();
    f.packet(11, 1_000, 800, { ended: true });
    expect(f.told).toEqual(['start #', 'end # 100']);
  });

  it('ends by itself when nothing more comes, once, and a late end is nothing', () => {
    const f = new Follower();
    f.packet(3, 1_000, 800);
    f.now = 119;
    f.receiver.tick(f.now);
    expect(f.told).toEqual(['start 3']);
    f.now = 120;
    f.receiver.tick(f.now);
    f.receiver.tick(f.now + 200);
    f.packet(3, 1_000, 960, { ended: true });
    expect(f.told).toEqual(['start 3', 'end 3 100']);
  });

  it('ends when the next key begins before its end came, and repetitions of it then are nothing', () => {
    const f = new Follower();
    f.packet(1, 1_000, 800);
    f.packet(2, 2_600, 160, { marker: true });
    f.packet(1, 1_000, 800, { ended: true });
    f.packet(2, 2_600, 800, { ended: true });
    f.packet(1, 1_000, 800, { ended: true });
    expect(f.told).toEqual(['start 1', 'end 1 100', 'start 2', 'end 2 100']);
  });

  it('may be the same key twice, also when the first end was lost', () => {
    const f = new Follower();
    f.packet(9, 1_000, 800);
    f.packet(9, 2_600, 160, { marker: true });
    f.packet(9, 2_600, 320, { ended: true });
    expect(f.told).toEqual(['start 9', 'end 9 100', 'start 9', 'end 9 40']);
  });

  it('keeps the longest duration of packets out of order', () => {
    const f = new Follower();
    f.packet(0, 1_000, 160);
    f.packet(0, 1_000, 640);
    f.packet(0, 1_000, 480);
    expect(f.receiver.duration).toBe(640);
  });

  it.each([
    ['whole', 0xffff],
    ['with the last packet of the first segment lost', 0xffff - 960],
  ])('is one key of two segments, %s (RFC 4733 section 2.5.1.3)', (_, known) => {
    const f = new Follower();
    const [timestamp, clockRate] = [0xffff_f000, 48_000];
    f.packet(7, timestamp, 960, { marker: true, clockRate });
    f.packet(7, timestamp, known, { clockRate });
    const next = (timestamp + 0xffff) >>> 0;
    f.packet(7, next, 960, { clockRate });
    f.packet(7, next, 9_600, { clockRate, ended: true });
    expect(f.told).toEqual(['start 7', `end 7 ${Math.round((0xffff + 9_600) / 48)}`]);
    // A repetition of the first segment is nothing.
    f.packet(7, timestamp, 0xffff, { clockRate });
    expect(f.told).toHaveLength(2);
  });

  it('is a new key at another clock, from another source, or from a sender that began anew', () => {
    const f = new Follower();
    f.packet(4, 90_000, 160, { ended: true });
    f.packet(4, 90_000, 960, { ended: true, clockRate: 48_000 });
    f.packet(4, 90_000, 960, { ended: true, clockRate: 48_000, ssrc: 8 });
    f.packet(4, 90_000 - 11 * 48_000, 960, { ended: true, clockRate: 48_000, ssrc: 8 });
    expect(f.told.filter((line) => line === 'start 4')).toHaveLength(4);
  });

  it('is no key: flash, tones, two codes at one time, too short', () => {
    const f = new Follower();
    expect(f.packet(16, 1_000, 800, { ended: true })).toBe(false);
    expect(f.packet(32, 1_000, 800)).toBe(false);
    expect(f.packet(5, 1_000, 800, { bytes: 3 })).toBe(false);
    f.packet(5, 1_000, 160);
    expect(f.packet(6, 1_000, 160)).toBe(false);
    f.packet(5, 1_000, 320, { ended: true });
    expect(f.told).toEqual(['start 5', 'end 5 40']);
  });

  it('is no key when nobody can press so fast, and one again when the flood is over', () => {
    const f = new Follower();
    for (let i = 0; i < 500; i++) f.packet(i % 10, 1_000 * i, 160, { ended: true });
    expect(f.told).toHaveLength(2 * 40);
    expect(f.packet(1, 501_000, 160, { ended: true })).toBe(false);
    f.now = 1_000;
    expect(f.packet(1, 502_000, 160, { ended: true })).toBe(true);
    expect(f.told).toHaveLength(2 * 41);
  });

  it('ends when another payload type is agreed, and timestamps begin anew', () => {
    const f = new Follower();
    f.packet(8, 50_000, 160);
    f.receiver.reset(5);
    f.packet(8, 49_000, 160, { ended: true });
    expect(f.told).toEqual(['start 8', 'end 8 20', 'start 8', 'end 8 20']);
  });
});

interface Sent {
  readonly timestamp: number;
  readonly payloadType: number;
  readonly marker: boolean;
  readonly code: number;
  readonly ended: boolean;
  readonly volume: number;
  readonly duration: number;
}

function line(timestamp = 10_000): { sender: EventSender; outlet: EventOutlet; sent: Sent[] } {
  const sent: Sent[] = [];
  let header = { timestamp: 0, payloadType: 0, marker: false };
  const outlet: EventOutlet = {
    packet: new Uint8Array(64),
    timestamp,
    marker: false,
    begin: (at, payloadType) => {
      header = { timestamp: at >>> 0, payloadType, marker: outlet.marker };
      outlet.marker = false;
      return 12;
    },
    advance: (ticks) => {
      outlet.timestamp = (outlet.timestamp + ticks) >>> 0;
    },
  };
  const sender = new EventSender(outlet, (_, at) => {
    const [code = 0, flags = 0, high = 0, low = 0] = outlet.packet.subarray(at);
    sent.push({ ...header, code, ended: flags > 127, volume: flags & 63, duration: high * 256 + low });
  });
  return { sender, outlet, sent };
}

describe('what is sent', () => {
  const format = { payloadType: 101, clockRate: 8_000 };

  it('has one timestamp, a marker on the first packet, three ends, and audio goes on behind it', () => {
    const { sender, outlet, sent } = line();
    sender.start(11, format, 8_000, 5, 160);
    sender.update(320);
    sender.end(480);
    expect(sent).toHaveLength(5);
    expect(sent.map(({ marker }) => marker)).toEqual([true, false, false, false, false]);
    expect(sent.map(({ ended }) => ended)).toEqual([false, false, true, true, true]);
    expect(sent.map(({ duration }) => duration)).toEqual([160, 320, 480, 480, 480]);
    for (const packet of sent)
      expect(packet).toMatchObject({ timestamp: 10_000, payloadType: 101, code: 11, volume: 5 });
    expect([outlet.timestamp, outlet.marker, sender.active]).toEqual([10_480, true, false]);
  });

  it('is told in segments where it is longer than its field (RFC 4733 section 2.5.1.3)', () => {
    const { sender, outlet, sent } = line(0xffff_0000);
    sender.start(1, { payloadType: 102, clockRate: 48_000 }, 48_000, 10, 960);
    sender.update(0xffff + 960);
    sender.end(3 * 0xffff);
    expect(sent.map(({ timestamp, duration, ended }) => [timestamp - 0xffff_0000, duration, ended])).toEqual([
      [0, 960, false],
      [0, 0xffff, false],
      [0xffff, 960, false],
      [0xffff, 0xffff, false],
      ...Array.from({ length: 3 }, () => [((0xffff_0000 + 2 * 0xffff) >>> 0) - 0xffff_0000, 0xffff, true]),
    ]);
    expect(sent.filter(({ marker }) => marker)).toHaveLength(1);
    expect(outlet.timestamp).toBe((0xffff_0000 + 3 * 0xffff) >>> 0);
    // Its own receiver takes it for one key.
    const f = new Follower();
    for (const { code, timestamp, duration, ended, marker } of sent)
      f.packet(code, timestamp, duration, { ended, marker, clockRate: 48_000 });
    expect(f.told).toEqual(['start 1', `end 1 ${Math.round((3 * 0xffff) / 48)}`]);
  });

  it('counts its durations in its own clock and its place in that of the audio', () => {
    const { sender, outlet, sent } = line();
    sender.start(2, format, 48_000, 10, 160);
    sender.end(4_000);
    expect(sent.at(-1)).toMatchObject({ timestamp: 10_000, duration: 4_000, ended: true });
    expect(outlet.timestamp).toBe(10_000 + 24_000);
  });

  it('is never softer than a receiver must hear', () => {
    const { sender, sent } = line();
    sender.start(2, format, 8_000, 63, 160);
    expect(sent[0]?.volume).toBe(36);
  });

  it('ends where it is when what it was sent with is no longer agreed, and nothing comes after', () => {
    const { sender, sent } = line();
    sender.start(2, format, 8_000, 10, 160);
    sender.finish();
    sender.update(320);
    sender.end(480);
    expect(sent.map(({ ended, duration }) => [ended, duration])).toEqual([
      [false, 160],
      [true, 160],
      [true, 160],
      [true, 160],
    ]);
  });
});

describe('keys that no event drives', () => {
  function player(): { keys: KeyPlayer; sender: EventSender; sent: Sent[]; run(ms: number): void } {
    const { sender, outlet, sent } = line();
    const keys = new KeyPlayer(sender);
    let now = 0;
    const run = (ms: number): void => {
      for (const end = now + ms; now < end; now += 20) {
        if (!keys.tick(now)) continue;
        outlet.advance(960);
      }
    };
    return { keys, sender, sent, run };
  }
  const ends = (sent: readonly Sent[]): number[][] =>
    sent
      .filter(({ ended }, i) => ended && !sent[i - 1]?.ended)
      .map(({ code, duration }) => [code, duration / 48]);

  it('are sent one after the other, each as long as it was down, at least 60 ms, with pauses between', () => {
    const { keys, sent, run } = player();
    keys.configure({ payloadType: 110, clockRate: 48_000 }, 48_000);
    keys.press(1, 100);
    keys.press(1, 10);
    run(1_000);
    expect(ends(sent)).toEqual([
      [1, 100],
      [1, 60],
    ]);
    expect(new Set(sent.map(({ timestamp }) => timestamp)).size).toBe(2);
    expect(keys.active).toBe(false);
  });

  it('give way to an event of the phone, which ends them and is not ended by them', () => {
    const { keys, sender, sent, run } = player();
    const format = { payloadType: 110, clockRate: 48_000 };
    keys.configure(format, 48_000);
    keys.press(1, 500);
    run(100);
    sender.start(2, format, 48_000, 10, 960);
    run(600);
    sender.update(28_800);
    sender.end(33_600);
    keys.press(3, 100);
    run(400);
    const told = ends(sent);
    expect(told.map(([code]) => code)).toEqual([1, 2, 3]);
    expect(told[0]?.[1]).toBeLessThanOrEqual(100);
    expect(told.slice(1)).toEqual([
      [2, 700],
      [3, 100],
    ]);
  });

  it('last until they are let go', () => {
    const { keys, sent, run } = player();
    keys.configure({ payloadType: 110, clockRate: 48_000 }, 48_000);
    keys.press(4);
    run(300);
    expect(ends(sent)).toEqual([]);
    keys.release(320);
    run(200);
    expect(ends(sent)).toEqual([[4, 320]]);
    keys.press(5);
    keys.release(80);
    run(400);
    expect(ends(sent)).toEqual([
      [4, 320],
      [5, 80],
    ]);
  });

  it('go nowhere where nobody takes events', () => {
    const { keys, sent, run } = player();
    expect(keys.press(1, 100)).toBe(false);
    run(200);
    keys.configure({ payloadType: 110, clockRate: 48_000 }, 48_000);
    keys.press(2, 100);
    keys.configure(undefined, 48_000);
    run(200);
    expect(sent).toEqual([]);
    expect(keys.active).toBe(false);
  });
});
