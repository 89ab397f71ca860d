type Signals = Pick<NodeJS.EventEmitter, 'on' | 'off'>;

/** The first SIGTERM or SIGINT; a later one ends the process by itself again. */
export function firstSignal(from: Signals = process): Promise<string> {
  return new Promise((resolve) => {
    const once = (signal: string): void => {
      from.off('SIGTERM', once);
      from.off('SIGINT', once);
      resolve(signal);
    };
    from.on('SIGTERM', once);
    from.on('SIGINT', once);
  });
}

/**
 * The signal that ends the calls of a gateway that drains. After the operator's drain the first says only what was said
 * already: a service manager that stops the process then must not cut calls off.
 * @param why the signal that began it, or `drain`
 */
export async function hurrySignal(why: string, from: Signals = process): Promise<string> {
  if (why === 'drain') await firstSignal(from);
  return firstSignal(from);
}
