/** Yoga set up as ours, without the cache and anything else around it, with a constant resolver. */
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { createYoga } from 'graphql-yoga';
import { createConstantSchema } from './constant-schema.ts';

const { values } = parseArgs({ options: { port: { type: 'string' }, answer: { type: 'string' } } });
const yoga = createYoga({
  schema: createConstantSchema(JSON.parse(values.answer ?? '')),
  graphqlEndpoint: '/graphql',
  landingPage: false,
  batching: false,
  logging: false,
});
createServer((request, response) => void yoga(request, response)).listen(Number(values.port), '127.0.0.1');
