import type { FastifyInstance } from 'fastify';
import { ask, bodyOf, type DoorHost, type PageRequest } from './graph-door.ts';
import { type MessageHost, message } from './graph-messages.ts';
import { type PermissionHost, permissions } from './graph-permissions.ts';
import { readSettings, writeSettings } from './graph-settings.ts';

export interface PageHost extends DoorHost, PermissionHost, MessageHost {
  /** Somebody wrote the settings: the webhook follows. */
  settingsChanged(): void;
}

/** What Graph knows of a Page beside its calls. */
export function pageRoutes(app: FastifyInstance, host: PageHost): void {
  const { page } = host;
  app.get('/:version/:pageId/messenger_call_permissions', (request: PageRequest, reply) =>
    ask(host, { action: 'permission', gated: true }, request, reply, () =>
      permissions(host, queryOf(request)['psid']),
    ),
  );
  app.post('/:version/:pageId/messages', (request: PageRequest, reply) =>
    ask(host, { action: 'message', gated: true }, request, reply, () => message(host, bodyOf(request))),
  );
  app.get('/:version/:pageId/messenger_call_settings', (request: PageRequest, reply) =>
    ask(host, { action: 'settings' }, request, reply, () => readSettings(page, queryOf(request)['fields'])),
  );
  app.post('/:version/:pageId/messenger_call_settings', (request: PageRequest, reply) =>
    ask(host, { action: 'set-settings' }, request, reply, () => {
      const outcome = writeSettings(page, bodyOf(request));
      if ('body' in outcome) setImmediate(() => host.settingsChanged());
      return outcome;
    }),
  );
}

const queryOf = ({ query }: PageRequest): Readonly<Record<string, unknown>> =>
  query as Readonly<Record<string, unknown>>;
