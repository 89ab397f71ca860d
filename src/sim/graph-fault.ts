import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Fault } from './faults.ts';
import { errorBody } from './graph-refusal.ts';

/** Answers as the fault says, instead of the truth. `slow` is not for here: it answers well, later. */
export async function misbehave(
  fault: Fault,
  request: FastifyRequest,
  reply: FastifyReply,
  closing: AbortSignal,
): Promise<FastifyReply> {
  const status = fault.httpStatus ?? 400;
  const error = errorBody({
    code: fault.code ?? 1,
    ...(fault.subcode === undefined ? {} : { subcode: fault.subcode }),
    message: fault.text ?? 'An unknown error has occurred.',
  });
  switch (fault.kind) {
    case 'error':
      return reply.code(status).send({ error });
    case 'flat-error':
      return reply.code(status).send(error);
    case 'error-in-200':
      return reply.code(200).send({ error });
    case 'success-false':
      return reply.code(200).send({ success: false });
    case 'result-failure':
      return reply.code(200).send({ result: 'failure' });
    case 'html-500':
      return reply.code(500).type('text/html').send('<html><body>Sorry, something went wrong.</body></html>');
    case 'empty-200':
    case 'slow':
      return reply.code(200).send();
    case 'reset':
    case 'reset-after':
      request.raw.socket.destroy();
      return reply.hijack();
    case 'hang':
    case 'hang-after':
      await new Promise<void>((resolve) => {
        const { socket } = request.raw;
        const done = (): void => {
          socket.off('close', done);
          closing.removeEventListener('abort', done);
          resolve();
        };
        socket.once('close', done);
        closing.addEventListener('abort', done);
      });
      return reply.hijack();
  }
}
