/** Mercurius with a just-in-time compiled constant resolver and persisted queries: `prepared` (its fastest) or `automatic` (Apollo's protocol). */
import { parseArgs } from 'node:util';
import Fastify from 'fastify';
import mercurius from 'mercurius';
import { createConstantSchema } from './constant-schema.ts';
import { DOCUMENT, HASH } from './question.ts';

const { values } = parseArgs({
  options: { port: { type: 'string' }, answer: { type: 'string' }, persisted: { type: 'string' } },
});
const { automatic, prepared } = mercurius.persistedQueryDefaults;
const server = Fastify({ logger: false });
await server.register(mercurius, {
  schema: createConstantSchema(JSON.parse(values.answer ?? '')),
  jit: 1,
  graphiql: false,
  persistedQueryProvider: values.persisted === 'automatic' ? automatic() : prepared({ [HASH]: DOCUMENT }),
});
await server.listen({ port: Number(values.port), host: '127.0.0.1' });
