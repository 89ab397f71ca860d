/**
 * The type of a schema, as it is filled in: what is optional may be given as undefined, which JSON leaves out, and nothing
 * is changed afterwards.
 */
export type Written<T> = T extends readonly (infer Item)[]
  ? readonly Written<Item>[]
  : T extends object
    ? {
        readonly [K in keyof T]: object extends Pick<T, K> ? Written<T[K]> | undefined : Written<T[K]>;
      }
    : T;
