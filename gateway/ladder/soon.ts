/** A value that is there, or will be: what is warm waits for no turn of the event loop. */
export type Soon<Value> = Value | Promise<Value>;

/** (Not called `then`: a module that exports that is taken for a promise where it is imported.) */
export function whenThere<A, B>(value: Soon<A>, use: (value: A) => Soon<B>): Soon<B> {
  return value instanceof Promise ? value.then(use) : use(value);
}

/** All of them are waited for, or all are there. */
export function whenAll<A>(values: readonly Soon<A>[]): Soon<A[]> {
  const isThere = (value: Soon<A>): value is A => !(value instanceof Promise);
  return values.every(isThere) ? [...values] : Promise.all(values);
}

export function both<A, B>(a: Soon<A>, b: Soon<B>): Soon<[A, B]> {
  return a instanceof Promise || b instanceof Promise ? Promise.all([a, b]) : [a, b];
}
