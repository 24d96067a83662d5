/** The gateway's answers without its servers. */
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { createAnswers, type Answers, type Asking, type PercentileAnswer } from '../../gateway/answers.ts';
import { Reads } from '../../gateway/cache/reads.ts';
import { createAudit } from '../../gateway/audit.ts';
import { createLadder } from '../../gateway/ladder/ladder.ts';
import { parseLevel } from '../../gateway/ladder/level.ts';
import { createAdmission } from '../../gateway/limits/admission.ts';
import { createMinuteBudget } from '../../gateway/limits/minute-budget.ts';
import type { LiveLoads } from '../../gateway/live-loads.ts';
import { closeRange } from '../../gateway/percentile/pickup-range.ts';
import { createScans } from '../../gateway/scans/scans.ts';
import type { Warehouse } from '../../warehouse/warehouse.ts';

/** With nothing in memory yet. */
export function createTestAnswers({
  warehouse,
  liveLoads,
  memoryBytes = 2 ** 26,
  registry = new Registry(),
}: {
  warehouse: Warehouse;
  liveLoads: LiveLoads;
  memoryBytes?: number;
  /** Where the audit of every answer counts. */
  registry?: Registry;
}): Answers {
  const logger = pino({ level: 'silent' });
  const scans = createScans({ warehouse });
  const audit = createAudit({ scans, share: 1, registry, logger });
  return createAnswers({
    liveLoads,
    ladder: createLadder({ warehouse, memoryBytes }),
    scans,
    admission: createAdmission({
      budgetRows: 1e9,
      minute: createMinuteBudget({ redis: undefined, rowsPerMinute: 1e12 }),
    }),
    audit,
    requestTimeoutMs: 60_000,
    logger,
  });
}

/** A request that nobody cuts. */
export const asking = (): Asking => ({
  pin: {},
  reads: new Reads(),
  cost: { client: 'test', rows: 0 },
  patience: () => ({ signal: new AbortController().signal, deadlineMs: 60_000 }),
});

/** The p90 of everything. */
export async function askEverything(answers: Answers): Promise<Omit<PercentileAnswer, 'plan'>> {
  const question = { levels: [parseLevel(0.9)], span: closeRange({}), interpolate: false };
  const [answer] = await answers.percentiles(question, asking());
  if (answer === undefined) throw new Error('no answer');
  const { plan, ...rest } = answer;
  void plan;
  return rest;
}
