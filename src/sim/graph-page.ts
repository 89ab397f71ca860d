import type { FastifyInstance } from 'fastify';
import {
  debugToken,
  featureStatus,
  readAppSubscription,
  readSubscriptions,
  subscribe,
  writeAppSubscription,
} from './graph-app.ts';
import { ask, bodyOf, type DoorHost, type PageRequest } from './graph-door.ts';
import { type MessageHost, message } from './graph-messages.ts';
import { type MetricsHost, takeMetrics } from './graph-metrics.ts';
import { type PermissionHost, permissions } from './graph-permissions.ts';
import { readSettings, writeSettings } from './graph-settings.ts';

export interface PageHost extends DoorHost, PermissionHost, MessageHost, MetricsHost {
  /** Somebody wrote the settings: the webhook follows. */
  settingsChanged(): void;
  /** Somebody subscribed the app to the Page. */
  subscribed(): void;
  /** Whether a webhook URL answers Meta's handshake. */
  handshake(url: string, verifyToken: string): Promise<boolean>;
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
  app.post('/:version/:pageId/business_messaging_feature_status', (request: PageRequest, reply) =>
    ask(host, { action: 'feature' }, request, reply, () => featureStatus(page, bodyOf(request))),
  );
  app.get('/:version/:pageId/subscribed_apps', (request: PageRequest, reply) =>
    ask(host, { action: 'subscriptions' }, request, reply, () => readSubscriptions(page, host.options.appId)),
  );
  app.post('/:version/:pageId/subscribed_apps', (request: PageRequest, reply) =>
    ask(host, { action: 'subscribe' }, request, reply, () => {
      const fields = queryOf(request)['subscribed_fields'] ?? bodyOf(request)['subscribed_fields'];
      const outcome = subscribe(page, fields);
      if ('body' in outcome) host.subscribed();
      return outcome;
    }),
  );
  app.post('/:version/:pageId/call_metrics', (request: PageRequest, reply) =>
    ask(host, { action: 'metrics' }, request, reply, () =>
      takeMetrics(host, bodyOf(request), host.options.callingErrorsAsSubcode === true),
    ),
  );
  appRoutes(app, host);
  app.post('/:version/:pageId/subscriptions', (request: PageRequest, reply) =>
    ask(host, { action: 'app-subscribe', byApp: true }, request, reply, () =>
      writeAppSubscription(page, bodyOf(request), host.handshake),
    ),
  );
}

/** What the app itself is told, of Pages and of WhatsApp numbers. */
export function appRoutes(app: FastifyInstance, host: DoorHost): void {
  const { page, options } = host;
  app.get('/:version/debug_token', (request: PageRequest, reply) =>
    ask(host, { action: 'debug-token', byApp: true }, request, reply, () =>
      debugToken(options, queryOf(request)['input_token'], page.token, host.clock.now()),
    ),
  );
  app.get('/:version/:pageId/subscriptions', (request: PageRequest, reply) =>
    ask(host, { action: 'app-subscriptions', byApp: true }, request, reply, () =>
      readAppSubscription(page, options.platform),
    ),
  );
}

const queryOf = ({ query }: PageRequest): Readonly<Record<string, unknown>> =>
  query as Readonly<Record<string, unknown>>;
