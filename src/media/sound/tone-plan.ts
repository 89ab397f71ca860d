/** Part of a cadence: the frequencies that sound together, or none, for so long. */
export interface ToneStep {
  readonly hz: readonly number[];
  readonly ms: number;
}

export const TONE_NAMES = ['ringback', 'busy', 'congestion', 'comfort', 'beep'] as const;
/**
 * `ringback`, `busy`, `congestion`: ITU-T E.180 and E.182. `comfort`: the call goes on, wait (E.182). `beep`: it is
 * recorded.
 */
export type ToneName = (typeof TONE_NAMES)[number];

export const TONE_PLAN_NAMES = ['generic', 'us', 'uk', 'de', 'fr'] as const;
export type TonePlanName = (typeof TONE_PLAN_NAMES)[number];

const on = (ms: number, ...hz: readonly number[]): ToneStep => ({ hz, ms });
const off = (ms: number): ToneStep => ({ hz: [], ms });

type Country = Readonly<Record<'ringback' | 'busy' | 'congestion', readonly ToneStep[]>>;

/** Values of the supplement to E.180 (Various tones used in national networks); `generic` is what E.180 recommends. */
const COUNTRIES: Readonly<Record<TonePlanName, Country>> = {
  generic: {
    ringback: [on(1_000, 425), off(4_000)],
    busy: [on(500, 425), off(500)],
    congestion: [on(250, 425), off(250)],
  },
  us: {
    ringback: [on(2_000, 440, 480), off(4_000)],
    busy: [on(500, 480, 620), off(500)],
    congestion: [on(250, 480, 620), off(250)],
  },
  uk: {
    ringback: [on(400, 400, 450), off(200), on(400, 400, 450), off(2_000)],
    busy: [on(375, 400), off(375)],
    congestion: [on(400, 400), off(350), on(225, 400), off(525)],
  },
  de: {
    ringback: [on(1_000, 425), off(4_000)],
    busy: [on(480, 425), off(480)],
    congestion: [on(240, 425), off(240)],
  },
  fr: {
    ringback: [on(1_500, 440), off(3_500)],
    busy: [on(500, 440), off(500)],
    congestion: [on(250, 440), off(250)],
  },
};

/** Two short soft tones every eight seconds: somebody who waits knows that the line lives. */
const COMFORT = [on(200, 425), off(150), on(200, 425), off(7_450)];
/** The warning that a call is recorded: 1400 Hz, as recorders of telephony give it; once. */
const BEEP = [on(400, 1_400)];

/** What a tone is made of, repeated from its beginning; `beep` sounds once. */
export function toneSteps(name: ToneName, plan: TonePlanName): readonly ToneStep[] {
  if (name === 'comfort') return COMFORT;
  if (name === 'beep') return BEEP;
  return COUNTRIES[plan][name];
}
