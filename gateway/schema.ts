import { readFileSync } from 'node:fs';
import { makeExecutableSchema } from '@graphql-tools/schema';
import type { GraphQLSchema } from 'graphql';
import { limitWritten } from './limits/written-values.ts';
import { controlResolvers } from './resolvers/control.ts';
import { filesResolvers } from './resolvers/files.ts';
import { liveResolvers } from './resolvers/live.ts';
import { originResolvers } from './resolvers/origin.ts';
import { percentileResolvers } from './resolvers/percentile.ts';
import { seriesResolvers } from './resolvers/series.ts';
import { tripsOverResolvers } from './resolvers/trips-over.ts';
import { sourceResolvers } from './resolvers/source.ts';
import { countScalar } from './scalars/count.ts';
import { dateTimeScalar } from './scalars/date-time.ts';
import { localDateTimeScalar } from './scalars/local-date-time.ts';

/** `schema.graphql` with its resolvers. */
export function createSchema(): GraphQLSchema {
  const schema = makeExecutableSchema({
    typeDefs: readFileSync(new URL('../schema.graphql', import.meta.url), 'utf8'),
    resolvers: [
      { Count: countScalar, DateTime: dateTimeScalar, LocalDateTime: localDateTimeScalar },
      percentileResolvers,
      seriesResolvers,
      tripsOverResolvers,
      sourceResolvers,
      originResolvers,
      filesResolvers,
      controlResolvers,
      liveResolvers,
    ],
  });
  return limitWritten(schema);
}
