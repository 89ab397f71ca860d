import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../shared/error.ts';
import { bodyProblem } from './body-problem.ts';
import type { ConsumerCall } from './consumer-call.ts';
import {
  CALL_BODY,
  type CallBody,
  CONSUMER_BODY,
  type ConsumerBody,
  DTMF_BODY,
  type DtmfBody,
  FAULT_BODY,
  FLUSH_BODY,
  MUTE_BODY,
  type MuteBody,
  PAGE_BODY,
  type PageBody,
  VIDEO_BODY,
  type VideoBody,
} from './control-schema.ts';
import type { Fault } from './faults.ts';
import { changePage } from './page-change.ts';
import type { MetaSimulator } from './simulator.ts';
import type { FlushOptions } from './webhooks.ts';

interface OfCall {
  Params: { id: string };
}

/** Who calls when nobody is named: a PSID, or a telephone number. */
const CONSUMER = { messenger: '7654321098765432', whatsapp: '254711000002' };
const TONE_HZ = 440;

/** The simulator's own API under `/sim`, for integrators who test their PBX from another process. */
export function controlRoutes(app: FastifyInstance, simulator: MetaSimulator): void {
  app.register(
    async (sim) => {
      sim.setErrorHandler((error: FastifyError, _request, reply) => {
        if (error instanceof GatewayError) return reply.code(409).send({ error: error.line });
        return reply.code(error.statusCode ?? 500).send({ error: bodyProblem(error) ?? error.message });
      });
      sim.setNotFoundHandler((request, reply) =>
        reply.code(404).send({ error: `${request.method} ${request.url} is nothing of the simulator's` }),
      );
      callRoutes(sim, simulator);
      worldRoutes(sim, simulator);
    },
    { prefix: '/sim' },
  );
}

function callRoutes(sim: FastifyInstance, simulator: MetaSimulator): void {
  const withCall =
    (act: (call: ConsumerCall, body: unknown) => Promise<void> | void) =>
    async (request: FastifyRequest<OfCall>, reply: FastifyReply): Promise<object> => {
      const call = simulator.call(request.params.id);
      if (!call) return reply.code(404).send({ error: `no call has the id ${request.params.id}` });
      await act(call, request.body);
      return view(simulator, call);
    };
  sim.post<{ Body: CallBody | null }>('/calls', { schema: { body: CALL_BODY } }, async (request, reply) => {
    const somebody = CONSUMER[simulator.options.platform ?? 'messenger'];
    const {
      psid = somebody,
      name,
      refused,
      withheld,
      locale,
      toneHz = TONE_HZ,
      ...options
    } = request.body ?? {};
    const profile = {
      ...(name ? { name } : {}),
      ...(refused ? { refused } : {}),
      ...(withheld ? { withheld } : {}),
      ...(locale ? { locale } : {}),
    };
    const call = simulator.consumer({ psid, ...profile }).call({ toneHz, ...options });
    return reply.code(201).send(view(simulator, call));
  });
  sim.get('/calls', async () => simulator.calls.map((call) => view(simulator, call)));
  sim.get<OfCall>(
    '/calls/:id',
    withCall(() => {}),
  );
  sim.post<OfCall>(
    '/calls/:id/dtmf',
    { schema: { body: DTMF_BODY } },
    withCall((call, body) => call.sendDtmf((body as DtmfBody).digits)),
  );
  sim.post<OfCall>(
    '/calls/:id/mute',
    { schema: { body: MUTE_BODY } },
    withCall((call, body) => call.mute((body as MuteBody).muted, (body as MuteBody).form)),
  );
  sim.post<OfCall>(
    '/calls/:id/video',
    { schema: { body: VIDEO_BODY } },
    withCall((call, body) => call.video((body as VideoBody).video ?? undefined)),
  );
  // The webhook may be tried for an hour; the consumer has put the phone away at once.
  sim.post<OfCall>(
    '/calls/:id/hangup',
    withCall((call) => void call.hangup()),
  );
  sim.post<OfCall>(
    '/calls/:id/elsewhere',
    withCall((call) => call.answeredElsewhere()),
  );
}

function worldRoutes(sim: FastifyInstance, simulator: MetaSimulator): void {
  const done = (reply: FastifyReply): FastifyReply => reply.code(204).send();
  sim.get('/events', async () => simulator.events);
  sim.get('/faults', async () => simulator.faults.pending);
  sim.post<{ Body: Fault }>('/faults', { schema: { body: FAULT_BODY } }, async ({ body }, reply) => {
    simulator.faults.add(body);
    return done(reply);
  });
  sim.delete('/faults', async (_request, reply) => {
    simulator.faults.clear();
    return done(reply);
  });
  sim.get('/page', async () => {
    const { settings, subscribed, feature, forms } = simulator.page;
    return { settings, subscribed, feature, forms };
  });
  sim.post<{ Body: PageBody }>('/page', { schema: { body: PAGE_BODY } }, async ({ body }, reply) => {
    changePage(simulator, body);
    return done(reply);
  });
  sim.post<{ Body: ConsumerBody }>(
    '/consumers',
    { schema: { body: CONSUMER_BODY } },
    async ({ body }, reply) => {
      simulator.consumer(body);
      return done(reply);
    },
  );
  sim.post('/webhooks/hold', async (_request, reply) => {
    simulator.webhooks.hold();
    return done(reply);
  });
  sim.post<{ Body: FlushOptions | null }>(
    '/webhooks/flush',
    { schema: { body: FLUSH_BODY } },
    async ({ body }, reply) => {
      await simulator.webhooks.flush(body ?? {});
      return done(reply);
    },
  );
  sim.post('/webhooks/subscribe', async (_request, reply) => {
    simulator.webhooks.subscribe();
    return done(reply);
  });
}

function view(simulator: MetaSimulator, call: ConsumerCall): object {
  return {
    id: call.id,
    psid: call.psid,
    pageId: call.pageId,
    state: call.state,
    end: call.end ?? null,
    heard: call.heard(),
    relay: call.relay() ?? null,
    metrics: simulator.metrics.get(call.id) ?? null,
  };
}
