import { expect, it } from 'vitest';
import { payloadConverter } from './payload-converter.ts';

const payload = (encoding: string | undefined, data: string, more: Record<string, string> = {}) => ({
  metadata: Object.fromEntries(
    Object.entries({ ...(encoding === undefined ? {} : { encoding }), ...more }).map(([name, value]) => [
      name,
      Buffer.from(value),
    ]),
  ),
  data: Buffer.from(data),
});

it('reads what it wrote', () => {
  for (const value of [null, 7, 'text', { from: '2023-01', nested: [1, { a: true }] }])
    expect(payloadConverter.fromPayload(payloadConverter.toPayload(value))).toEqual(value);
  expect(payloadConverter.fromPayload(payloadConverter.toPayload(undefined))).toBeUndefined();
});

it('reads JSON that is called that of a protobuf message', () => {
  const sent = payload('json/protobuf', '{"from":"2023-01"}', { messageType: 'some.Message' });
  expect(payloadConverter.fromPayload(sent)).toEqual({ from: '2023-01' });
});

it('says what it cannot read, and never throws', () => {
  const cases: readonly [ReturnType<typeof payload> | object | null, RegExp][] = [
    [payload('binary/protobuf', '\u0001'), /of encoding binary\/protobuf that/],
    [payload('json/protobuf', '{"from'), /of encoding json\/protobuf that/],
    [payload('json/plain', 'no json'), /of encoding json\/plain that/],
    [payload('binary/encrypted', 'x'), /of encoding binary\/encrypted that/],
    [payload('\n\u0000'.repeat(500), 'x'), /of encoding \?{60} that/],
    [payload(undefined, '{}'), /without an encoding/],
    [{}, /without an encoding/],
    [null, /without an encoding/],
  ];
  for (const [sent, said] of cases)
    expect(payloadConverter.fromPayload(sent as never)).toEqual({
      unreadable: expect.stringMatching(said) as unknown,
    });
});
