import type { Log } from '../../shared/log.ts';
import type { CallObserver } from '../call-observer.ts';

/** Several that look on, as one: what they throw is their bug, is logged, and costs the call nothing. */
export function togetherSafely(
  observers: readonly CallObserver[],
  log: Log,
  onOver: () => void,
): CallObserver {
  const each = (act: (observer: CallObserver) => void): void => {
    for (const observer of observers) {
      try {
        act(observer);
      } catch (error) {
        log.error(
          { code: 'GATEWAY_BUG', err: error instanceof Error ? error.stack : String(error) },
          'trace.bug',
        );
      }
    }
  };
  return {
    step: (step) => each((observer) => observer.step(step)),
    event: (event, before, state) => each((observer) => observer.event(event, before, state)),
    effect: (effect) => each((observer) => observer.effect(effect)),
    dialog: (sipCallId) => each((observer) => observer.dialog(sipCallId)),
    media: (event) => each((observer) => observer.media(event)),
    over: (state) => {
      each((observer) => observer.over(state));
      onOver();
    },
  };
}
