/** The first SIGTERM or SIGINT; a later one ends the process by itself again. */
export function firstSignal(): Promise<string> {
  return new Promise((resolve) => {
    const once = (signal: string): void => {
      process.off('SIGTERM', once);
      process.off('SIGINT', once);
      resolve(signal);
    };
    process.on('SIGTERM', once);
    process.on('SIGINT', once);
  });
}
