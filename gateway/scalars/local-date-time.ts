import { GraphQLScalarType, Kind } from 'graphql';
import { badUserInput } from '../errors.ts';
import {
  formatLocalDateTime,
  LocalDateTimeError,
  parseLocalDateTime,
} from '../percentile/local-date-time.ts';

/** ISO 8601 without a zone; microseconds since 1970 (bigint) inside. */
export const localDateTimeScalar = new GraphQLScalarType<bigint, string>({
  name: 'LocalDateTime',
  serialize(value) {
    if (typeof value !== 'bigint') throw new TypeError('a LocalDateTime is microseconds as a bigint');
    return formatLocalDateTime(value);
  },
  parseValue: parse,
  parseLiteral: (node) => parse(node.kind === Kind.STRING ? node.value : undefined),
});

function parse(value: unknown): bigint {
  if (typeof value !== 'string') {
    throw badUserInput('a LocalDateTime is a string, as in "2024-01-31T08:30:00"');
  }
  try {
    return parseLocalDateTime(value);
  } catch (error) {
    if (error instanceof LocalDateTimeError) throw badUserInput(error.message);
    throw error;
  }
}
