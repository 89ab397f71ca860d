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

/** Signals that end a process which does not expect them. */
const ORDERS = ['SIGHUP', 'SIGUSR2'] as const;
type Order = (typeof ORDERS)[number];

/**
 * Takes orders from the first moment to the last, so that none of them ends the process: those that come before
 * `handOver` are carried out then, once each.
 */
export function takeSignals(from: Signals = process): {
  handOver(orders: Readonly<Record<Order, () => void>>): void;
} {
  const early = new Set<Order>();
  let carryOut = (order: Order): void => void early.add(order);
  for (const order of ORDERS) from.on(order, () => carryOut(order));
  return {
    handOver: (orders) => {
      carryOut = (order) => orders[order]();
      for (const order of early) carryOut(order);
    },
  };
}
