import type { FastifyError, FastifyReply } from 'fastify';
import type { AdminProblem } from './api/index.ts';

export function refuse(
  reply: FastifyReply,
  status: number,
  ...problems: readonly AdminProblem[]
): FastifyReply {
  return reply.code(status).send({ problems });
}

/** A request that its schema, or the parser, does not take; undefined: it is something else. */
export function problemsOf(error: FastifyError): readonly AdminProblem[] | undefined {
  const { validation, validationContext = 'body' } = error;
  if (validation) {
    return validation.map(({ keyword, instancePath, params, message, ...rest }) => {
      const named = params['missingProperty'] ?? params['additionalProperty'];
      const path = instancePath.split('/').filter((part) => part !== '');
      const field = [...path, ...(named === undefined ? [] : [String(named)])].join('.') || validationContext;
      const { description } = ('parentSchema' in rest ? rest.parentSchema : {}) as { description?: string };
      return { field, ...saidOf(keyword, message, params), ...(description ? { remedy: description } : {}) };
    });
  }
  const { statusCode = 500 } = error;
  if (statusCode < 400 || statusCode >= 500) return undefined;
  const message = statusCode === 413 ? 'it is too large.' : 'it is no JSON object.';
  return [{ field: 'body', message, remedy: AS_JSON }];
}

const AS_JSON = 'Send a JSON object, with content-type application/json.';

function saidOf(
  keyword: string,
  message: string | undefined,
  params: Readonly<Record<string, unknown>>,
): { message: string; remedy?: string } {
  switch (keyword) {
    case 'required':
      return { message: 'it is missing.', remedy: 'Add it.' };
    case 'additionalProperties':
      return { message: 'it is unknown here.', remedy: 'Remove it.' };
    case 'type':
      return { message: `it must be of type ${String(params['type'])}.`, remedy: AS_JSON };
    case 'pattern':
      return { message: 'it has not the form that is wanted.' };
    default:
      return { message: `it ${message ?? 'is not valid'}.` };
  }
}
