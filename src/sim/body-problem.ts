import type { FastifyError } from 'fastify';

type Finding = NonNullable<FastifyError['validation']>[number];

/** What is wrong with a body of the control API, each key by its name; undefined when the body is not the trouble. */
export function bodyProblem({ validation }: FastifyError): string | undefined {
  if (!validation) return undefined;
  // "No body" is one of the two forms that a call takes: who sent one is not asked to send none.
  const findings = validation.filter(
    ({ keyword, params }) => keyword !== 'anyOf' && !(keyword === 'type' && params['type'] === 'null'),
  );
  return `${findings.map(sentence).join('; ')}. Remedy: see the table in src/sim/README.md.`;
}

function sentence({ keyword, instancePath, params, message }: Finding): string {
  const at = instancePath.slice(1).replaceAll('/', '.');
  const key = (name: unknown): string => `"${at === '' ? '' : `${at}.`}${String(name)}"`;
  switch (keyword) {
    case 'additionalProperties':
      return `${key(params['additionalProperty'])} is unknown`;
    case 'required':
      return `${key(params['missingProperty'])} is missing`;
    case 'enum':
      return `"${at}" must be one of ${JSON.stringify(params['allowedValues'])}`;
    default:
      return `${at === '' ? 'the body' : `"${at}"`} ${message ?? 'is not as it should be'}`;
  }
}
