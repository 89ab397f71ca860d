/** Centre and bandwidth, Hz, of the formants of five vowels. */
const VOWELS: readonly (readonly (readonly [number, number])[])[] = [
  [
    [730, 90],
    [1_090, 110],
    [2_440, 160],
  ],
  [
    [270, 60],
    [2_290, 120],
    [3_010, 170],
  ],
  [
    [530, 80],
    [1_840, 110],
    [2_480, 160],
  ],
  [
    [570, 80],
    [840, 100],
    [2_410, 160],
  ],
  [
    [300, 60],
    [870, 100],
    [2_240, 160],
  ],
];
const SYLLABLE_S = 0.22;
/** -20 dBFS */
const RMS = 3_277;

/**
 * Speech-like sound for benchmarks: glottal pulses with a gliding pitch through moving formants, breath noise,
 * syllables and pauses, at -20 dBFS. The same for the same arguments on every machine.
 *
 * @param sampleRate Hz @param seconds length @returns mono PCM
 */
export function speechLike(sampleRate: number, seconds: number): Int16Array {
  const sound = new Float64Array(sampleRate * seconds);
  const state = [new Float64Array(2), new Float64Array(2), new Float64Array(2)];
  let seed = 12_345;
  let phase = 0;
  for (let i = 0; i < sound.length; i++) {
    const t = i / sampleRate;
    const syllable = Math.floor(t / SYLLABLE_S);
    const within = t / SYLLABLE_S - syllable;
    // Every seventh syllable is a pause.
    const level = syllable % 7 === 6 ? 0 : Math.sin(Math.PI * within) ** 0.7;
    phase += (115 + 25 * Math.sin(t * 2.1) + 10 * Math.sin(t * 11)) / sampleRate;
    const pulse = phase >= 1 ? 1 : 0;
    phase %= 1;
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    const breath = (seed / 2 ** 32 - 0.5) * 0.06;
    let sample = (pulse * 1.2 + breath) * level;
    const vowel = VOWELS[(syllable * 3) % VOWELS.length] ?? [];
    for (const [n, [hz, width]] of vowel.entries()) {
      const [memory, radius] = [state[n] as Float64Array, Math.exp((-Math.PI * width) / sampleRate)];
      if (hz * 2 >= sampleRate) continue;
      const made =
        sample +
        2 * radius * Math.cos((2 * Math.PI * hz) / sampleRate) * (memory[0] as number) -
        radius * radius * (memory[1] as number);
      memory[1] = memory[0] as number;
      memory[0] = made;
      sample = made * 0.4;
    }
    sound[i] = sample;
  }
  const rms = Math.sqrt(sound.reduce((sum, each) => sum + each * each, 0) / sound.length);
  // No line is digitally silent.
  return Int16Array.from(sound, (each, i) =>
    Math.max(-32_768, Math.min(32_767, Math.round((each / rms) * RMS) + ((i * 7) % 5) - 2)),
  );
}
