import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Seconds that files take on two quiet cores, where they are many: `npm test` tells the time of each. */
const SECONDS: Readonly<Record<string, number>> = {
  'test/gateway/abuse.test.ts': 70,
  'test/e2e/s3.test.ts': 65,
  'test/e2e/control.test.ts': 63,
  'test/e2e/source-changes.test.ts': 60,
  'test/fuzz/fuzz.test.ts': 50,
  'test/e2e/reconcile.test.ts': 50,
  'test/integration/engine-recovery.test.ts': 48,
  'test/integration/engine-crash.test.ts': 46,
  'test/e2e/stalls.test.ts': 45,
  'test/e2e/image.test.ts': 45,
  'test/chaos/chaos.test.ts': 40,
  'test/e2e/continue-as-new.test.ts': 38,
  'test/integration/engine.test.ts': 38,
  'test/e2e/command-line.test.ts': 34,
  'test/e2e/eras.test.ts': 34,
  'test/integration/ladder.test.ts': 30,
  'test/integration/load-proof.test.ts': 30,
  'test/integration/foreign-warehouse.test.ts': 30,
  'test/e2e/launcher.test.ts': 28,
  'test/e2e/signals.test.ts': 27,
  'test/e2e/interrupted-fetch.test.ts': 25,
  'test/gateway/drain.test.ts': 25,
};
/** Other tests of the whole system start servers, too. */
const SECONDS_OF_SYSTEM = 10;

/** Begins with the files that take longest, so that the last to end is a short one. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const seconds = (file: TestSpecification): number => {
      const name = relative(this.ctx.config.root, file.moduleId);
      return SECONDS[name] ?? (name.startsWith('test/') ? SECONDS_OF_SYSTEM : 0);
    };
    return (await super.sort(files)).toSorted((one, other) => seconds(other) - seconds(one));
  }
}
