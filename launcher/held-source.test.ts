import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readEnvironment } from '../config/environment.ts';
import { checkHeldSource, folderToRebind, keepHeldSource } from './held-source.ts';

function folder(): string {
  const dataDir = mkdtempSync(join(tmpdir(), 'tripline-source-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  return dataDir;
}
const sourceOf = (url: string) => readEnvironment({ SOURCE_URL: url, SOURCE_FROM: '2024-01' }).source;
const TEMPLATE = 'trips.example.org/x_{month}.parquet';

test('a folder keeps to its first source', () => {
  const dataDir = folder();
  const demo = { dataDir, source: sourceOf('demo:') };
  checkHeldSource(demo);
  keepHeldSource(demo);
  checkHeldSource(demo);
  expect(() => checkHeldSource({ dataDir, source: sourceOf('file:///files') })).toThrow(
    `${dataDir} holds the data of demo:, not of file:///files: set DATA_DIR to another folder, or SOURCE_URL back`,
  );
  writeFileSync(join(dataDir, 'source.json'), '{}');
  expect(() => checkHeldSource(demo)).toThrow('does not say which source');
});

test('a source that has moved is bound again when that is asked for', () => {
  const dataDir = folder();
  keepHeldSource({ dataDir, source: sourceOf('file:///files') });
  const moved = { dataDir, source: sourceOf('s3://bucket/files') };
  expect(() => checkHeldSource(moved)).toThrow(
    / or SOURCE_URL back; where the same files have moved, .* --rebind$/,
  );
  checkHeldSource({ ...moved, rebind: true });
  keepHeldSource(moved);
  checkHeldSource(moved);
  expect(() => checkHeldSource({ dataDir, source: sourceOf('demo:'), rebind: true })).toThrow(
    /are kept apart/,
  );
});

test('a source stays the same when its secrets change, also for a folder that knows them', () => {
  const dataDir = folder();
  const signed = { dataDir, source: sourceOf(`https://me:a@b@${TEMPLATE}?sig=new`) };
  for (const held of [`https://${TEMPLATE}`, `https://b@${TEMPLATE}`, `https://${TEMPLATE}?sig=old`]) {
    writeFileSync(join(dataDir, 'source.json'), JSON.stringify({ source: held }));
    checkHeldSource(signed);
  }
  expect(() => checkHeldSource({ dataDir, source: sourceOf('https://other.example.org/') })).toThrow(
    `holds the data of https://${TEMPLATE}, not of https://other.example.org/: `,
  );
  keepHeldSource(signed);
  expect(readFileSync(join(dataDir, 'source.json'), 'utf8')).toBe(
    `{"source":"https://${TEMPLATE}","query":""}\n`,
  );
});

test('a source that is asked otherwise is another one, and how is not written down', () => {
  const dataDir = folder();
  const asked = (query: string) => ({ dataDir, source: sourceOf(`https://${TEMPLATE}?${query}`) });
  keepHeldSource(asked('dataset=yellow&X-Amz-Signature=old'));
  checkHeldSource(asked('dataset=yellow&X-Amz-Signature=new'));
  expect(readFileSync(join(dataDir, 'source.json'), 'utf8')).not.toContain('yellow');
  for (const query of ['dataset=green', ''])
    expect(() => checkHeldSource(asked(query))).toThrow(
      `of https://${TEMPLATE} with another query: set DATA_DIR`,
    );
  writeFileSync(
    join(dataDir, 'source.json'),
    JSON.stringify({ source: `https://${TEMPLATE}?dataset=yellow` }),
  );
  checkHeldSource(asked('dataset=yellow'));
  expect(() => checkHeldSource(asked('dataset=green'))).toThrow('with another query');
});

test('where DATA_DIR is unset, the folder to bind again is the only one that can be meant', () => {
  const root = folder();
  const rebound = () => folderToRebind(sourceOf('file:///moved'), root);
  const hold = (name: string, url: string) => {
    const dataDir = join(root, name);
    mkdirSync(dataDir, { recursive: true });
    keepHeldSource({ dataDir, source: sourceOf(url) });
    return dataDir;
  };
  hold('demo-source', 'demo:');
  expect(rebound()).toBeUndefined();
  const old = hold('file-old-0123abcd', 'file:///old');
  expect(rebound()).toBe(old);
  expect(folderToRebind(sourceOf('demo:'), root)).toBeUndefined();
  hold('s3-other-0123abcd', 's3://other');
  expect(rebound).toThrow(/needs DATA_DIR.* holds file:\/\/\/old; .* holds s3:\/\/other\//);
  // It has moved already.
  hold('file-old-0123abcd', 'file:///moved');
  expect(rebound()).toBeUndefined();
});
