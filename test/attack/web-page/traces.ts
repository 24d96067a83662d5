/** What a page's requests have changed or sent, by the id of the case, as those who run the parts can see it. '' is nobody's in particular. */
import { readdirSync, rmSync } from 'node:fs';
import { Client, Connection } from '@temporalio/client';
import { Redis } from 'ioredis';
import type { Breach } from '../ledger.ts';
import type { Victim } from '../victim.ts';
import type { EvilSite } from './evil-site.ts';

export async function tracesOf(victim: Victim, evil: EvilSite): Promise<Map<string, Breach[]>> {
  const traces = new Map<string, Breach[]>();
  const note = (text: string, breach: Breach): void => {
    const id = /p\d+h\d+t\d+/.exec(text)?.[0] ?? '';
    const known = traces.get(id) ?? [];
    if (!known.some(({ what }) => what === breach.what)) traces.set(id, [...known, breach]);
  };
  for (const url of evil.asked)
    note(url, {
      kind: /^\/sent\/.*\?./.test(url) ? 'read' : 'steered',
      what: `a part asked the attacker's server${/^\/sent\/.*\?./.test(url) ? ', and told it a file' : ''}`,
    });
  for (const name of readdirSync('/tmp').filter((one) => one.startsWith('attack_p'))) {
    note(name, { kind: 'steered', what: 'a file was written into /tmp' });
    rmSync(`/tmp/${name}`);
  }
  for (const table of await tablesOf(victim)) note(table, { kind: 'steered', what: 'a table was created' });
  for (const key of await redisKeys(victim)) note(key, { kind: 'steered', what: 'a key was set in Redis' });
  await noteWorkflows(victim, note);
  return traces;
}

async function tablesOf(victim: Victim): Promise<string[]> {
  const answer = await victim.warehouse().query({
    query: `SELECT name FROM system.tables WHERE name LIKE 'attack\\_%'`,
    format: 'JSONEachRow',
  });
  return (await answer.json<{ name: string }>()).map(({ name }) => name);
}

async function redisKeys(victim: Victim): Promise<string[]> {
  const file = victim.runFiles().get('redis');
  if (file === undefined) return [];
  const { password } = file as { password?: string };
  const redis = new Redis(file.url, {
    ...(password !== undefined && { password }),
    retryStrategy: null,
    lazyConnect: true,
  });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    return await redis.keys('attack:*');
  } finally {
    redis.disconnect();
  }
}

/** Signals to the watcher that nobody of ours sent, and workflows and namespaces that should not be. */
async function noteWorkflows(victim: Victim, note: (text: string, breach: Breach) => void): Promise<void> {
  const address =
    victim
      .runFiles()
      .get('temporal')
      ?.url.replace(/^\w+:\/\//, '') ?? '';
  const connection = await Connection.connect({ address });
  const client = new Client({ connection });
  try {
    const { events } = await client.workflow.getHandle('source:yellow').fetchHistory();
    for (const event of events ?? []) {
      const signal = event.workflowExecutionSignaledEventAttributes;
      if (signal === null || signal === undefined || signal.signalName === 'fileSettled') continue;
      const input = signal.input?.payloads?.map(({ data }) => Buffer.from(data ?? []).toString()).join(' ');
      note(`${signal.identity} ${input}`, {
        kind: 'steered',
        what: `the watcher was sent the signal ${signal.signalName}`,
      });
    }
    for await (const { workflowId } of client.workflow.list({ query: `WorkflowId STARTS_WITH 'attack-'` }))
      note(workflowId, { kind: 'steered', what: 'a workflow was started' });
    const { namespaces } = await connection.workflowService.listNamespaces({ pageSize: 1_000 });
    for (const { namespaceInfo } of namespaces ?? [])
      if (namespaceInfo?.name?.startsWith('attack-') === true)
        note(namespaceInfo.name, { kind: 'steered', what: 'a namespace was made' });
  } finally {
    await connection.close();
  }
}
