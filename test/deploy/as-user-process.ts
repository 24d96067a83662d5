/**
 * Runs statements in the embedded engine as its one user, under a configuration of ours: ClickHouse itself judges what the file grants.
 * Arguments: the folder of the tables, and the one with config.xml: the engine looks where it runs. Standard input: an array of statements; output: of each its result (TSV), or `{"code": …}`.
 */
import { text } from 'node:stream/consumers';
import { Session } from 'chdb';

const [tables = '', home = ''] = process.argv.slice(2);
process.chdir(home);
const session = new Session(tables);
const answers: unknown[] = [];
for (const sql of JSON.parse(await text(process.stdin)) as string[]) {
  try {
    answers.push((await session.queryAsync(sql, { format: 'TSV' })).text().trim());
  } catch (error) {
    answers.push({ code: Number(/Code: (\d+)/.exec(String(error))?.[1]) });
  }
}
session.close();
process.stdout.write(JSON.stringify(answers));
