import { displayName } from './display-name.ts';
import type { Caller } from './types.ts';

/** Longest value that a rule writes, in characters. */
const MAX_VALUE = 1_024;

type Key = 'callId' | 'pageId' | 'psid' | 'name' | 'number' | 'platform' | 'rule';

/** Ids are opaque but visible ASCII; anything else in one could write a header of its own. */
export function visible(value: string, max = 255): string {
  return value.replace(/[^\x21-\x7E]/g, '').slice(0, max);
}

/**
 * A template with its `{...}` filled in, on one line of at most 1,024 characters. Nothing that Meta or a consumer wrote
 * can end the line or a quoted text, nor, outside of one, begin another parameter or value.
 */
export function fillTemplate(template: string, caller: Caller): string {
  const values = valuesOf(caller);
  let text = '';
  let quoted = false;
  for (const part of template.split(/(\{[A-Za-z]+\})/)) {
    const key = /^\{([A-Za-z]+)\}$/.exec(part)?.[1];
    if (key === undefined) {
      text += part;
      if (part.split('"').length % 2 === 0) quoted = !quoted;
    } else {
      const value = Object.hasOwn(values, key) ? values[key as Key] : '';
      text += quoted ? value.replace(/["\\]/g, '') : value.replace(/["\\<>,;]/g, ' ');
    }
  }
  return oneLine(text, MAX_VALUE);
}

/** Without controls and what some readers take for a line end; cut at a whole character. */
export function oneLine(text: string, max: number): string {
  const clean = text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  return [...clean].slice(0, max).join('').trim();
}

function valuesOf(caller: Caller): Readonly<Record<Key, string>> {
  const platform = caller.platform ?? 'messenger';
  return {
    callId: visible(caller.callId),
    pageId: visible(caller.pageId),
    psid: visible(caller.psid),
    name: displayName(caller.name, platform),
    number: visible(caller.number ?? caller.psid),
    platform,
    rule: visible(caller.rule ?? ''),
  };
}
