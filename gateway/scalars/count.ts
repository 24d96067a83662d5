import { GraphQLScalarType } from 'graphql';
import { badUserInput } from '../errors.ts';

/** A non-negative integer up to 2^53 − 1, as a JSON integer. */
export const countScalar = new GraphQLScalarType<number, number>({
  name: 'Count',
  serialize: (value) => parse(value),
  parseValue: (value) => parse(value),
});

function parse(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw badUserInput(`${JSON.stringify(value)} is not a Count: a whole number from 0 to 9007199254740991`);
}
