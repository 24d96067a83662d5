import { GraphQLScalarType } from 'graphql';
import { badUserInput } from '../errors.ts';

/** A non-negative integer up to 2^53 − 1, as a JSON integer. */
export const countScalar = new GraphQLScalarType<number, number>({
  name: 'Count',
  serialize(value) {
    if (!isCount(value)) throw new TypeError('a Count is a whole number from 0 to 9007199254740991');
    return value;
  },
  parseValue(value) {
    if (isCount(value)) return value;
    throw badUserInput(`${JSON.stringify(value)} is not a Count: a whole number from 0 to 9007199254740991`);
  },
});

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
