import { GraphQLScalarType } from 'graphql';

/** A moment with its zone, always written in UTC; only ever sent. Milliseconds since 1970 inside. */
export const dateTimeScalar = new GraphQLScalarType<number, string>({
  name: 'DateTime',
  serialize(value) {
    if (typeof value !== 'number') throw new TypeError('a DateTime is milliseconds as a number');
    return new Date(value).toISOString();
  },
});
