import type { PageBody } from './control-schema.ts';
import type { MetaSimulator } from './simulator.ts';

/** Somebody changes the Page behind the gateway's back; a change of settings is told by webhook. */
export function changePage(simulator: MetaSimulator, change: PageBody): void {
  const { page } = simulator;
  const { audioEnabled, ringTarget, subscribed, feature, forms, usage, token, webhook, clockAheadMs } =
    change;
  if (audioEnabled !== undefined) simulator.audioEnabled = audioEnabled;
  if (ringTarget !== undefined) page.settings = { ...page.settings, ring_target: ringTarget };
  if (audioEnabled !== undefined || ringTarget !== undefined) simulator.settingsChanged();
  if (subscribed !== undefined) page.subscribed = subscribed;
  if (feature !== undefined) page.feature = feature;
  if (forms !== undefined) page.forms = forms;
  if (token !== undefined) page.token = token;
  if (webhook !== undefined) page.appSubscription = webhook;
  if (clockAheadMs !== undefined) page.clockAheadMs = clockAheadMs;
  if (usage !== undefined) simulator.usage = usage ?? undefined;
}
