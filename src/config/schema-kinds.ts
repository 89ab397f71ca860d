import { Type } from 'typebox';

/** The kinds of values that the schema is made of. `secret` marks what may only come from the environment or a file. */
export const strict = { additionalProperties: false } as const;

/** A reload takes it up, with the keys below it. Groups and texts say so in their options: `reload`. */
export const live = <T extends object>(node: T): T => Object.assign(node, { reload: 'live' });

export const text = (description: string, options: object = {}) =>
  Type.String({ description, minLength: 1, format: 'line', ...options });
export const host = (description: string) => text(description, { format: 'host' });
export const secret = (description: string, options: object = {}) =>
  text(`${description} Secret: \`\${NAME}\` or \`file:/path\`.`, { secret: true, ...options });
export const whole = (description: string, minimum: number, maximum: number, fallback?: number) =>
  Type.Integer({ description, minimum, maximum, ...(fallback === undefined ? {} : { default: fallback }) });
export const flag = (description: string, fallback: boolean) =>
  Type.Boolean({ description, default: fallback });
export const port = (description: string, fallback?: number) => whole(description, 0, 65_535, fallback);

export const choice = <const T extends readonly string[]>(
  values: T,
  description: string,
  options: object = {},
) => Type.Unsafe<T[number]>({ type: 'string', enum: [...values], description, ...options });

export const cidrs = (description: string) =>
  Type.Array(text('Address or CIDR range.', { format: 'cidr' }), { description });

/** Where a server listens. */
export const listen = (what: string, address: string, listenPort: number) =>
  Type.Object(
    {
      address: text(`Address of this machine for ${what}.`, { default: address, format: 'ip' }),
      port: port(`TCP port for ${what}; 0 takes any free one.`, listenPort),
    },
    { ...strict, default: {}, description: `Where ${what} listens.` },
  );
