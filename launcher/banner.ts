import { describeSource, type Environment } from '../config/environment.ts';
import { gatewayUrl } from './parts.ts';

/**
 * What a person can do now.
 * @param month YYYY-MM of a file that can be asked about; undefined: none is published yet
 */
export function banner({
  environment,
  temporalUi,
  tokenFile,
  month,
  notes,
}: {
  environment: Environment;
  temporalUi: string | undefined;
  /** Undefined: `OPERATOR_TOKEN` holds it. */
  tokenFile: string | undefined;
  month: string | undefined;
  notes: readonly string[];
}): string[] {
  const url = gatewayUrl(environment);
  const generated =
    environment.source.kind === 'demo' ? ' (demo data is generated: these trips never happened)' : '';
  const rows: [string, string][] = [
    ['Source', describeSource(environment.source) + generated],
    ['Dashboard', `${url}/`],
    ['GraphQL', `${url}/graphql`],
    ['REST', `${url}/api`],
    ['Temporal UI', temporalUi === undefined ? `that of ${environment.temporal.address}` : `${temporalUi}/`],
    // As workflows/messages.ts names it.
    [
      'Workflow',
      `source:${environment.sourceName} (npm run temporal -- workflow describe -w source:${environment.sourceName})`,
    ],
    ['Data', environment.dataDir],
    ['Operator', tokenFile === undefined ? 'the token is OPERATOR_TOKEN' : `the token is in ${tokenFile}`],
    ['Try', `curl '${url}/api/p90${month === undefined ? '' : rangeOf(month)}'`],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  return [
    '',
    'Tripline is up.',
    ...rows.map(([label, text]) => `  ${label.padEnd(width)}  ${text}`),
    ...notes.map((note) => `  ${note}`),
    '  Ctrl-C stops everything; started again, it goes on from there.',
    '',
  ];
}

/** `?from=2024-01-01T00:00:00&to=2024-02-01T00:00:00` */
function rangeOf(month: string): string {
  const [year, number] = month.split('-').map(Number);
  // Month numbers of Date.UTC start at 0, so this is the month after.
  const next = new Date(Date.UTC(year ?? 0, number ?? 0, 1)).toISOString().slice(0, 7);
  return `?from=${month}-01T00:00:00&to=${next}-01T00:00:00`;
}
