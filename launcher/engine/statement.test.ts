import { describe, expect, it } from 'vitest';
import { parseStatement } from './statement.ts';

const parse = (sql: string) => parseStatement(Buffer.from(sql));

describe('parseStatement', () => {
  it.each([
    ['SELECT 1', 'SELECT 1', undefined, ''],
    ['SELECT 1 FORMAT CSV', 'SELECT 1 ', 'CSV', ''],
    ['SELECT 1 FORMAT CSV;', 'SELECT 1 ', 'CSV', ''],
    ['SELECT 1 -- FORMAT CSV', 'SELECT 1', undefined, ''],
    ['SELECT 1 FORMAT CSV SETTINGS a = 1', 'SELECT 1 ', 'CSV', ' SETTINGS a = 1'],
    ['SELECT 1 SETTINGS a = 1 FORMAT CSV', 'SELECT 1 SETTINGS a = 1 ', 'CSV', ''],
    ["SELECT 'FORMAT CSV', `FORMAT`", "SELECT 'FORMAT CSV', `FORMAT`", undefined, ''],
    ["SELECT format('{}', 1)", "SELECT format('{}', 1)", undefined, ''],
    ["SELECT 'é' FORMAT JSON", "SELECT 'é' ", 'JSON', ''],
    ["SELECT 'it''s; \\' FORMAT X'", "SELECT 'it''s; \\' FORMAT X'", undefined, ''],
    ['SELECT $$ ; FORMAT X $$', 'SELECT $$ ; FORMAT X $$', undefined, ''],
    ['/* a */ WITH 1 AS x SELECT x', '/* a */ WITH 1 AS x SELECT x', undefined, ''],
  ])('takes the format off %j', (text, sql, format, tail) => {
    expect(parse(text)).toMatchObject({ kind: 'select', sql, format, tail });
  });

  it.each([
    ['INSERT INTO t FORMAT CSV\n1,2\n', 'INSERT INTO t ', '', 'CSV', '1,2\n'],
    ['INSERT INTO t FORMAT CSV   1,2', 'INSERT INTO t ', '', 'CSV', '1,2'],
    ['INSERT INTO t FORMAT CSV\r\n\n1', 'INSERT INTO t ', '', 'CSV', '\n1'],
    ['INSERT INTO t FORMAT CSV', 'INSERT INTO t ', '', 'CSV', ''],
    ['INSERT INTO t (a, b) VALUES (1, 2)', 'INSERT INTO t (a, b) ', '', 'Values', ' (1, 2)'],
    ['INSERT INTO t SETTINGS a = 1 VALUES (1)', 'INSERT INTO t ', 'SETTINGS a = 1 ', 'Values', ' (1)'],
    ['insert into table values values (1)', 'insert into table values ', '', 'Values', ' (1)'],
    [
      "INSERT INTO FUNCTION file('x', 'CSV', 'a Int8') FORMAT CSV\n1",
      "INSERT INTO FUNCTION file('x', 'CSV', 'a Int8') ",
      '',
      'CSV',
      '1',
    ],
    ['INSERT INTO `é` FORMAT JSONEachRow\n{"a":"é;"}', 'INSERT INTO `é` ', '', 'JSONEachRow', '{"a":"é;"}'],
  ])('finds the rows of %j', (text, into, settings, format, data) => {
    const statement = parse(text);
    expect(statement).toMatchObject({ kind: 'insertData', into, settings, format });
    expect(statement.kind === 'insertData' && statement.data.toString()).toBe(data);
  });

  it('does not touch binary rows', () => {
    const rows = Buffer.from([0xff, 0x00, 0x27, 0x3b, 0x0a, 0xc3]);
    const statement = parseStatement(Buffer.concat([Buffer.from('INSERT INTO t FORMAT RowBinary\n'), rows]));
    expect(statement.kind === 'insertData' && statement.data).toEqual(rows);
  });

  it.each([
    ['INSERT INTO t SELECT 1', 'INSERT', false],
    ['INSERT INTO t (a) (SELECT 1)', 'INSERT', false],
    ['INSERT INTO t (SELECT 1)', 'INSERT', false],
    ['WITH 1 AS x INSERT INTO t SELECT x', 'INSERT', false],
    ['SHOW TABLES', 'SHOW', false],
    ['SET a = 1', 'SET', true],
    ['USE d', 'USE', true],
    ['CREATE TEMPORARY TABLE t (a Int8)', 'CREATE', true],
    ['CREATE TABLE t (a Int8) ENGINE = Memory', 'CREATE', false],
  ])('leaves %j to the engine', (text, verb, changesSession) => {
    expect(parse(text)).toMatchObject({ kind: 'other', verb, changesSession });
  });

  it('names the parameters and the deadline', () => {
    const statement = parse(
      "SELECT {a:String}, { b : Array(UInt8) }, '{c:String}' SETTINGS max_execution_time = 0.5",
    );
    expect([...statement.parameters]).toEqual(['a', 'b']);
    expect(statement.maxExecutionSeconds).toBe(0.5);
  });

  it.each([
    ['SELECT 1; SELECT 2', 62],
    ["SELECT 1 INTO OUTFILE 'x'", 348],
    ["SELECT 1 into/**/outfile 'x'", 348],
    ["INSERT INTO t FROM INFILE 'x' FORMAT CSV", 78],
  ])('refuses %j', (text, code) => {
    expect(() => parse(text)).toThrowError(expect.objectContaining({ code }) as Error);
  });
});
