import { pino } from 'pino';
import { afterAll, expect, it } from 'vitest';
import { connectIngestion } from '../../gateway/ingestion.ts';
import { freePort } from '../support/tripline.ts';

let news = 0;
const ingestion = connectIngestion({
  temporal: {
    address: `127.0.0.1:${await freePort()}`,
    namespace: 'default',
    tls: undefined,
    apiKey: undefined,
  },
  onNews: () => void (news += 1),
  logger: pino({ level: 'silent' }),
});
afterAll(() => ingestion.close());

it('says that it is for later while Temporal is away', async () => {
  const { control } = ingestion;
  const asked = [
    control.pause('yellow'),
    control.resume('yellow'),
    control.backfill('yellow', { from: '2023-01', to: '2023-02' }),
    control.retryQuarantined('yellow', {}),
    control.rollback('yellow', { filename: 'a.parquet' }),
    control.setLimits('host', { maxConcurrent: 2 }),
  ];
  for (const answer of await Promise.allSettled(asked)) {
    expect(answer).toMatchObject({
      status: 'rejected',
      reason: {
        message: expect.stringMatching(/Temporal does not answer/),
        extensions: { code: 'SERVICE_UNAVAILABLE' },
      },
    });
  }
  // It may be done nevertheless.
  expect(news).toBe(asked.length);
});
