/** Our schema where `p90` is always the same, without any work: what peers are given to answer from. */
import { readFileSync } from 'node:fs';
import { makeExecutableSchema } from '@graphql-tools/schema';
import type { GraphQLSchema } from 'graphql';
import { countScalar } from '../../gateway/scalars/count.ts';
import { dateTimeScalar } from '../../gateway/scalars/date-time.ts';
import { localDateTimeScalar } from '../../gateway/scalars/local-date-time.ts';

/** @param p90 by name of field */
export function createConstantSchema(p90: unknown): GraphQLSchema {
  return makeExecutableSchema({
    typeDefs: readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8'),
    resolvers: {
      Count: countScalar,
      DateTime: dateTimeScalar,
      LocalDateTime: localDateTimeScalar,
      Query: { p90: () => p90 },
    },
  });
}
