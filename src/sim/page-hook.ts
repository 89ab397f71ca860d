import { settingsRow } from './graph-settings.ts';
import type { PageForms, PageSettings } from './page-state.ts';

/** `call_settings_update` as one item of `entry[]`, in the form asked for; routing is text, video is not mentioned. */
export function settingsHook(
  pageId: string,
  settings: PageSettings,
  nowMs: number,
  form: PageForms['settingsHook'] = 'entry',
): object {
  const time = Math.floor(nowMs / 1000);
  const { video_enabled: _unmentioned, ...row } = settingsRow(settings, true);
  const change = (value: object): object => ({
    id: pageId,
    time,
    changes: [{ field: 'call_settings_update', value }],
  });
  switch (form) {
    case 'entry':
      return { id: pageId, time, call_settings: row };
    case 'number':
      // As the sample has it; ids of Pages fit into a double so far.
      return { id: Number(pageId), time, call_settings: row };
    case 'recipient':
      return { recipient_id: pageId, time, call_settings: row };
    case 'changes':
      return change(row);
    case 'changes-whole':
      return change({ call_settings: row });
  }
}
