import type { FastifyInstance } from 'fastify';
import type { ConsumerCall } from './consumer-call.ts';
import type { Fault } from './faults.ts';
import type { MetaSimulator } from './simulator.ts';

/** The simulator's own API under `/sim`, for integrators who test their PBX from another process. */
export function controlRoutes(app: FastifyInstance, simulator: MetaSimulator): void {
  const found = (id: string): ConsumerCall | undefined => simulator.call(id);
  app.post<{
    Body: { psid?: string; name?: string; toneHz?: number; dtx?: boolean; lossPercent?: number } | null;
  }>('/sim/calls', async (request, reply) => {
    const { psid = '7654321098765432', name, toneHz = 440, dtx, lossPercent } = request.body ?? {};
    const consumer = simulator.consumer({ psid, ...(name ? { name } : {}) });
    const call = consumer.call({
      toneHz,
      ...(dtx === undefined ? {} : { dtx }),
      ...(lossPercent === undefined ? {} : { lossPercent }),
    });
    return reply.code(201).send(view(call));
  });
  app.get('/sim/calls', async () => simulator.calls.map(view));
  app.get<{ Params: { id: string } }>('/sim/calls/:id', async (request, reply) => {
    const call = found(request.params.id);
    return call ? view(call) : reply.code(404).send({ error: 'no such call' });
  });
  app.post<{ Params: { id: string }; Body: { digits?: string } | null }>(
    '/sim/calls/:id/dtmf',
    async (request, reply) => {
      const call = found(request.params.id);
      if (!call) return reply.code(404).send({ error: 'no such call' });
      const { digits } = request.body ?? {};
      if (typeof digits !== 'string' || !/^[0-9*#]+$/.test(digits)) {
        return reply.code(400).send({ error: 'digits: send keys of 0 to 9, * and #' });
      }
      await call.sendDtmf(digits);
      return view(call);
    },
  );
  app.post<{ Params: { id: string } }>('/sim/calls/:id/hangup', async (request, reply) => {
    const call = found(request.params.id);
    if (!call) return reply.code(404).send({ error: 'no such call' });
    await call.hangup();
    return view(call);
  });
  app.post<{ Body: Fault | null }>('/sim/faults', async (request, reply) => {
    if (!request.body?.kind) return reply.code(400).send({ error: 'kind: name the fault' });
    simulator.addFault(request.body);
    return reply.code(204).send();
  });
}

function view(call: ConsumerCall): object {
  return {
    id: call.id,
    psid: call.psid,
    pageId: call.pageId,
    state: call.state,
    end: call.end ?? null,
    heard: call.heard(),
  };
}
