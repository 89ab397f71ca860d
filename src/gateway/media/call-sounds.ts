import {
  type Bridge,
  FileSource,
  ForAWhile,
  HoldMusic,
  LegSounds,
  type PcmSource,
  type PhonePlan,
  type SoundBank,
  type SoundLayer,
  SpeechGate,
  ToneSource,
  toneSteps,
  WhenHeard,
} from '../../media/index.ts';
import { GatewayError } from '../../shared/error.ts';
import type { LegName, SoundChoice, SoundOptions } from './protocol.ts';

/** Of what is heard at once, who goes first. */
const PRIORITY = {
  hold: 20,
  transfer: 30,
  announcement: 40,
  play: 60,
  ringback: 80,
  beep: 90,
  gate: 100,
  early: 110,
} as const;

/** Nobody answered yet, so nothing that the consumer says leaves; packets do, for a PBX behind NAT learns from them where we are. */
const SILENCE: PcmSource = {
  read: (out, samples) => {
    out.fill(0, 0, samples);
    return samples;
  },
};

/** How long a tone is heard that stands for an announcement, ms. */
const TONE_ALONE_MS = 5_000;

export interface CallSoundsOptions {
  readonly bridge: Bridge;
  readonly bank: SoundBank;
  readonly sounds: SoundOptions;
  /** File that both hear at the beginning. */
  readonly announcement: string | undefined;
  /** What was asked for by `play` is over. */
  readonly onPlayed: (leg: LegName) => void;
}

/** What one call hears besides the other side: announcements, music while it is held, tones, the beep of a recording. */
export class CallSounds {
  readonly #options: CallSoundsOptions;
  readonly #legs: Readonly<Record<LegName, LegSounds>>;
  readonly #playing = new Map<LegName, SoundLayer>();
  readonly #beeps = new Map<LegName, SoundLayer>();
  #hold: { readonly music: HoldMusic; readonly layer: SoundLayer } | undefined;
  #early: SoundLayer | undefined;
  #ringback: SoundLayer | undefined;
  #waiting: SoundLayer | undefined;
  #announcement: string | undefined;
  #held = false;
  #open = false;
  #isHeard = false;
  /** No phone is there. */
  #alone = false;

  constructor(options: CallSoundsOptions) {
    const { bridge } = options;
    const leg = (name: LegName): LegSounds =>
      new LegSounds((source, mode) => bridge.play(name, source, mode));
    this.#options = options;
    this.#announcement = options.announcement;
    this.#legs = { consumer: leg('consumer'), phone: leg('phone') };
  }

  /** Another announcement than was thought, or none; until both directions are open. */
  choose(announcement: string | undefined): void {
    this.#announcement = announcement;
  }

  /** Both directions are open: what was being said before is not let through from the middle of a word. */
  opened(): void {
    if (this.#open) return;
    this.#open = true;
    const { sounds } = this.#options;
    const announcement = this.#announcement;
    const wasHeard = this.#early !== undefined && this.#ringback === undefined;
    this.#endEarly();
    if (this.#alone) return;
    if (announcement !== undefined) this.#announce(announcement);
    else if (sounds.leadInMs > 0 && !wasHeard) this.#gate(sounds.leadInMs);
    this.#updateHold();
  }

  /** Phones ring, and the consumer is connected: the ringback tone, or what the phone lets be heard before it answers. */
  early(ringback: boolean): void {
    if (this.#open) return;
    const { tones, toneLevelDb: levelDb, leadInMs } = this.#options.sounds;
    if (!this.#early) {
      this.#early = { source: SILENCE, mode: 'instead', priority: PRIORITY.early };
      this.#legs.phone.add(this.#early);
      if (!ringback && leadInMs > 0) this.#gate(leadInMs);
    }
    if (ringback === (this.#ringback !== undefined)) return;
    if (this.#ringback) {
      this.#legs.consumer.remove(this.#ringback);
      this.#ringback = undefined;
      return;
    }
    const source = new ToneSource({ steps: toneSteps('ringback', tones), levelDb, loop: true });
    this.#ringback = { source, mode: 'instead', priority: PRIORITY.ringback };
    this.#legs.consumer.add(this.#ringback);
  }

  /** The consumer's first packet: the path is open both ways. */
  consumerHeard(): void {
    this.#isHeard = true;
  }

  /** The phone listens to nothing that the consumer says (RFC 3264 section 8.4): the consumer waits. */
  planned({ direction }: PhonePlan): void {
    this.#held = direction === 'recvonly' || direction === 'inactive';
    this.#updateHold();
  }

  /** The consumer is between two phones: nothing of the one that leaves is heard meanwhile. */
  wait(waiting: boolean): void {
    if (this.#waiting) this.#legs.consumer.remove(this.#waiting);
    this.#waiting = undefined;
    const { transfer } = this.#options.sounds;
    if (!waiting || transfer === undefined) return;
    const choice = 'file' in transfer ? { ...transfer, loop: true } : transfer;
    this.#waiting = { source: this.#sourceOf(choice), mode: 'instead', priority: PRIORITY.transfer };
    this.#legs.consumer.add(this.#waiting);
  }

  /** `leg` hears it in place of the other. Throws MEDIA_NO_SOUND. */
  play(leg: LegName, choice: SoundChoice): void {
    const layer: SoundLayer = {
      source: this.#sourceOf(choice),
      mode: 'instead',
      priority: PRIORITY.play,
      onEnd: () => {
        this.#playing.delete(leg);
        this.#options.onPlayed(leg);
      },
    };
    this.stop(leg);
    this.#playing.set(leg, layer);
    this.#legs[leg].add(layer);
  }

  /** The consumer hears it from when it can be heard; nobody else is there. A tone ends by itself. Throws MEDIA_NO_SOUND. */
  announceAlone(choice: SoundChoice, onEnd: () => void): void {
    const sound = this.#sourceOf(choice);
    this.#alone = true;
    const source = 'tone' in choice ? new ForAWhile(sound, TONE_ALONE_MS) : sound;
    this.#legs.consumer.add({
      source: new WhenHeard(source, () => this.#isHeard, this.#options.sounds.leadInMs),
      mode: 'instead',
      priority: PRIORITY.announcement,
      onEnd,
    });
  }

  stop(leg: LegName): void {
    const layer = this.#playing.get(leg);
    if (!layer) return;
    this.#playing.delete(leg);
    this.#legs[leg].remove(layer);
  }

  /** Both hear once that they are recorded, on top of what they say. */
  beep(): void {
    const { tones, toneLevelDb: levelDb } = this.#options.sounds;
    for (const name of ['consumer', 'phone'] as const) {
      const source = new ToneSource({ steps: toneSteps('beep', tones), levelDb, loop: false });
      const layer: SoundLayer = { source, mode: 'mix', priority: PRIORITY.beep };
      // A phone that holds hears nothing: the tones of an hour must not be heard at once when it is back.
      const before = this.#beeps.get(name);
      if (before) this.#legs[name].remove(before);
      this.#beeps.set(name, layer);
      this.#legs[name].add(layer);
    }
  }

  #endEarly(): void {
    if (this.#early) this.#legs.phone.remove(this.#early);
    if (this.#ringback) this.#legs.consumer.remove(this.#ringback);
    this.#early = undefined;
    this.#ringback = undefined;
  }

  /** The consumer hears it in place of the phone; the phone hears it as well, so that nobody talks into it. */
  #announce(file: string): void {
    const { leadInMs } = this.#options.sounds;
    for (const [leg, mode] of [
      ['consumer', 'instead'],
      ['phone', 'mix'],
    ] as const) {
      const source = new WhenHeard(this.#sourceOf({ file }), () => this.#isHeard, leadInMs);
      this.#legs[leg].add({ source, mode, priority: PRIORITY.announcement });
    }
  }

  #gate(longestMs: number): void {
    const { bridge } = this.#options;
    const gate = new SpeechGate(longestMs);
    bridge.tap('phone', gate);
    this.#legs.consumer.add({
      source: gate,
      mode: 'instead',
      priority: PRIORITY.gate,
      onEnd: () => bridge.untap('phone', gate),
    });
  }

  #updateHold(): void {
    const { bridge, sounds } = this.#options;
    const isWanted = this.#held && this.#open && sounds.hold !== undefined;
    if (isWanted === (this.#hold !== undefined)) return;
    if (this.#hold) {
      this.#legs.consumer.remove(this.#hold.layer);
      bridge.untap('phone', this.#hold.music);
      this.#hold = undefined;
    } else if (sounds.hold) {
      const choice = 'file' in sounds.hold ? { ...sounds.hold, loop: true } : sounds.hold;
      const music = new HoldMusic(this.#sourceOf(choice));
      const layer: SoundLayer = { source: music, mode: 'mix', priority: PRIORITY.hold };
      this.#hold = { music, layer };
      bridge.tap('phone', music);
      this.#legs.consumer.add(layer);
    }
  }

  #sourceOf(choice: SoundChoice): PcmSource {
    const { bank, sounds } = this.#options;
    if ('tone' in choice) {
      const steps = toneSteps(choice.tone, sounds.tones);
      return new ToneSource({ steps, levelDb: sounds.toneLevelDb, loop: true });
    }
    const sound = bank.get(choice.file);
    if (!sound) throw new GatewayError('MEDIA_NO_SOUND', undefined, { file: choice.file });
    return new FileSource(sound, { gainDb: sounds.fileGainDb, loop: choice.loop ?? false });
  }
}
