/** What was tried and what came of it. A case is one thing that an attacker did; most have no breach. */

/** - `steered`: something changed, or was sent, that the attacker wanted. - `stuck`: it never settled, or what is right did not come back. */
export type BreachKind = 'read' | 'steered' | 'ended process' | 'wrong answer' | 'memory' | 'stuck';

export interface Breach {
  kind: BreachKind;
  what: string;
}

export interface AttackCase {
  scenario: string;
  name: string;
  /** Empty: it was withstood. */
  breaches: Breach[];
}

/** Memory of one part at its highest, in one scenario. */
export interface PeakMemory {
  scenario: string;
  part: string;
  peakBytes: number;
}

export interface Ledger {
  cases: AttackCase[];
  memory: PeakMemory[];
  /** Breaches are printed at once. */
  note: (scenario: string, name: string, breaches?: readonly Breach[]) => void;
  /** The highest of all that were told. */
  noteMemory: (peak: PeakMemory) => void;
}

export function createLedger(): Ledger {
  const cases: AttackCase[] = [];
  const memory: PeakMemory[] = [];
  return {
    cases,
    memory,
    note(scenario, name, breaches = []) {
      cases.push({ scenario, name, breaches: [...breaches] });
      if (cases.length % 50 === 0)
        console.info(`${cases.length} cases so far; the last: ${scenario}: ${name}`);
      for (const { kind, what } of breaches) console.info(`${kind}: ${scenario}: ${name}: ${what}`);
    },
    noteMemory(peak) {
      const known = memory.find(({ scenario, part }) => scenario === peak.scenario && part === peak.part);
      if (known === undefined) memory.push({ ...peak });
      else known.peakBytes = Math.max(known.peakBytes, peak.peakBytes);
    },
  };
}

const KINDS: readonly BreachKind[] = ['read', 'steered', 'ended process', 'wrong answer', 'memory', 'stuck'];

/** Cases and breaches by scenario, and memory by part. */
export function printLedger({ cases, memory }: Ledger): void {
  const scenarios = [...new Set(cases.map(({ scenario }) => scenario))];
  const rowOf = (of: readonly AttackCase[]) => ({
    cases: of.length,
    ...Object.fromEntries(
      KINDS.map((kind) => [
        kind,
        of.filter(({ breaches }) => breaches.some((breach) => breach.kind === kind)).length,
      ]),
    ),
  });
  console.table(
    Object.fromEntries([
      ...scenarios.map((one) => [one, rowOf(cases.filter(({ scenario }) => scenario === one))]),
      ['all', rowOf(cases)],
    ]) as Record<string, object>,
  );
  console.table(
    memory.map(({ scenario, part, peakBytes }) => ({
      scenario,
      part,
      'peak MB': Math.round(peakBytes / 1e6),
    })),
  );
}
