import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

type Json = Record<string, unknown>;

/** Checks replies by an OpenAPI 3.1 document: what it does not declare is wrong, a field that it does not name too. */
export class OpenApiReplies {
  /** `GET /calls/{id} 200`: what was seen. */
  readonly seen = new Set<string>();
  readonly #document: Json;
  readonly #ajv = new Ajv2020({ allErrors: true, strict: false });
  readonly #checks = new Map<string, ValidateFunction>();
  readonly #paths: readonly { readonly template: string; readonly pattern: RegExp }[];

  constructor(document: object) {
    this.#document = strictly(structuredClone(document)) as Json;
    this.#ajv.addSchema({ $id: 'doc:openapi', ...this.#document });
    this.#paths = Object.keys(this.#document['paths'] as Json).map((template) => ({
      template,
      pattern: new RegExp(`^${template.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{\w+\}/g, '[^/]+')}$`),
    }));
  }

  /** What is wrong with a reply, in words; empty: nothing. @param path with its query */
  problems(method: string, path: string, status: number, mediaType: string, body: unknown): string[] {
    const [bare = ''] = path.split('?');
    const template = this.#paths.find(({ pattern }) => pattern.test(bare))?.template;
    const said = `${method} ${template ?? bare} ${status}`;
    const response = at(this.#document, [
      'paths',
      template,
      method.toLowerCase(),
      'responses',
      String(status),
    ]);
    if (!response) return [`${said}: not declared`];
    this.seen.add(said);
    const content = response['content'] as Json | undefined;
    if (!content) return body === undefined ? [] : [`${said}: a body where none is declared`];
    const [type = ''] = mediaType.split(';');
    if (!content[type]) return [`${said}: ${type} is not declared`];
    if (type !== 'application/json') return [];
    const check = this.#check([
      'paths',
      template ?? '',
      method.toLowerCase(),
      'responses',
      String(status),
      'content',
      type,
      'schema',
    ]);
    if (check(body)) return [];
    return (check.errors ?? []).map(
      ({ instancePath, message, params }) => `${said}: ${instancePath} ${message} ${JSON.stringify(params)}`,
    );
  }

  #check(pointer: readonly string[]): ValidateFunction {
    const key = pointer
      .map((part) => encodeURIComponent(part.replace(/~/g, '~0').replace(/\//g, '~1')))
      .join('/');
    const known = this.#checks.get(key) ?? this.#ajv.compile({ $ref: `doc:openapi#/${key}` });
    this.#checks.set(key, known);
    return known;
  }
}

function at(value: Json, path: readonly (string | undefined)[]): Json | undefined {
  return path.reduce<Json | undefined>((found, key) => found?.[key ?? ''] as Json | undefined, value);
}

/** A field that is not declared is a mistake of ours here, though a client has to take it. */
function strictly(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(strictly);
  if (typeof value !== 'object' || value === null) return value;
  const all: Json = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, strictly(item)]));
  const isShape = all['type'] === 'object' && typeof all['properties'] === 'object';
  return isShape ? { additionalProperties: false, ...all } : all;
}
