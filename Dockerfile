# syntax=docker/dockerfile:1
# Worker and gateway, without the embedded engine: `docker build --target worker .`, `docker build --target gateway .`

FROM node:20-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# Not --omit=optional: the binaries of esbuild (for the programs) and swc (for the workflows) are optional packages too. Only chdb, which takes 545 MB, is
# not fetched.
RUN npm pkg delete optionalDependencies.chdb && npm ci --omit=dev --no-audit --no-fund
COPY config config
COPY sources sources
COPY lake lake
COPY warehouse warehouse
COPY activities activities
COPY workflows workflows
COPY worker worker
# Kept in node_modules/.cache: the worker finds it there, and never starts webpack.
RUN npm run build:workflows
COPY gateway gateway
COPY dashboard dashboard
COPY schema.graphql ./
# So are they: nothing is built, and nothing written, when a container starts.
RUN npm run build -- worker/main.ts gateway/main.ts warehouse/lone-reader-process.ts

FROM node:20-slim AS runtime
ENV NODE_ENV=production HOST=0.0.0.0 LOG_FORMAT=json
WORKDIR /app
# Owned by root, run by node: the code cannot change itself.
COPY --from=build /app /app
USER node

FROM runtime AS worker
ENV WORKER_PORT=4001 MALLOC_ARENA_MAX=2
EXPOSE 4001
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --start-interval=1s --retries=6 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:4001/readyz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--max-semi-space-size=4", "config/program/run.mjs", "worker/main.ts"]

FROM runtime AS gateway
ENV PORT=4000
EXPOSE 4000
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --start-interval=1s --retries=6 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:4000/readyz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--max-semi-space-size=64", "config/program/run.mjs", "gateway/main.ts"]
