/** The page for people who write queries: one document of 9 MB, which has all that it needs with it. */
import { createHash } from 'node:crypto';
import { createPage, type Page } from './pages.ts';

/** What it begins with. */
const FIRST_QUERY = `# The p90 of everything that is published, and what there is of it.
{
  p90 {
    value
    trips
    tripsOver
    dataThrough
  }
  source {
    name
    files {
      stage
      count
    }
  }
}
`;

/** Rendered when it is first asked for. It has the address of GraphQL, so that its answer depends on `Accept`. */
export const createGraphiql = (): Page =>
  createPage({
    async read() {
      // Its text stays in memory: not where nobody opens the page.
      const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
      return Buffer.from(renderGraphiQL({ title: 'Tripline', defaultQuery: FIRST_QUERY }).trim());
    },
    type: 'text/html',
    vary: 'accept, accept-encoding',
    policyOf,
  });

/** Lets its one script run and no other; its editor makes styles as it goes, and workers of blobs. */
function policyOf(page: Buffer): string {
  const [open, close] = ['<script>', '</script>'];
  const script = page.subarray(page.indexOf(open) + open.length, page.indexOf(close, page.indexOf(open)));
  const hash = createHash('sha256').update(script).digest('base64');
  return [
    "default-src 'none'",
    `script-src 'sha256-${hash}'`,
    'worker-src blob:',
    "style-src 'unsafe-inline'",
    'img-src data:',
    'font-src data:',
    "connect-src 'self'",
  ].join('; ');
}
