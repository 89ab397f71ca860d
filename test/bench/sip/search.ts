/** The highest rate at which `run` is true: up by half from `start`, then halves of the gap until it is under 10 %. */
export async function sustained(start: number, run: (rate: number) => Promise<boolean>): Promise<number> {
  let good = 0;
  let bad = start;
  while (await run(bad)) {
    good = bad;
    bad = Math.round(bad * 1.5);
  }
  // Nothing held even at the start: look below it.
  while (good === 0 && bad > 10) {
    const lower = Math.round(bad / 2);
    if (await run(lower)) good = lower;
    else bad = lower;
  }
  while (good > 0 && bad - good > good * 0.1) {
    const middle = Math.round((good + bad) / 2);
    if (await run(middle)) good = middle;
    else bad = middle;
  }
  return good;
}
