import { duplicates, type Found, referenceTo } from './found.ts';
import type { GatewayConfig } from './schema.ts';

/** Ids that must differ, and apps that must be there. */
export function metaChecks({ meta }: Pick<GatewayConfig, 'meta'>): Found[] {
  const { apps, pages, numbers } = meta;
  const appIds = apps.map(({ id }) => id);
  const found: Found[] = [];
  pages.forEach(({ app }, i) => {
    found.push(...referenceTo(['meta', 'pages', i, 'app'], app, appIds, 'meta.apps'));
  });
  numbers.forEach(({ app }, i) => {
    found.push(...referenceTo(['meta', 'numbers', i, 'app'], app, appIds, 'meta.apps'));
  });
  if (pages.length + numbers.length === 0) {
    found.push({
      path: ['meta', 'pages'],
      message: 'there is neither a Page nor a WhatsApp number.',
      remedy: 'Add one to meta.pages or to meta.numbers.',
    });
  }
  const ids = [...pages, ...numbers].map(({ id }) => id);
  return [
    ...found,
    ...duplicates(appIds, (i) => ['meta', 'apps', i, 'id']),
    // One that is both a Page and a number is told of the number.
    ...duplicates(ids, (i) =>
      i < pages.length ? ['meta', 'pages', i, 'id'] : ['meta', 'numbers', i - pages.length, 'id'],
    ),
  ];
}
