import { Ajv } from 'ajv';
import { RECORD_SCHEMA } from '../../src/gateway/record-schema.ts';

/** The schema, and nothing that it does not name: a key that nobody documented is a fault here. */
const validate = new Ajv({ allErrors: true, strict: false }).compile(closed(RECORD_SCHEMA) as object);

function closed(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closed);
  if (typeof node !== 'object' || node === null) return node;
  const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, closed(value)]));
  const isOpen = 'patternProperties' in copy || copy['type'] !== 'object' || !('properties' in copy);
  return isOpen ? copy : { ...copy, additionalProperties: false };
}

/** What is wrong with a record, as it is written; nothing when it is as its page says. */
export function recordFaults(record: object): readonly string[] {
  if (validate(JSON.parse(JSON.stringify(record)))) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}
