import { EventEmitter } from 'node:events';
import { Counter, Gauge, Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { createAllMetrics, type MeasuredProcess } from './all-metrics.ts';
import { OWN, type OwnMetricsQuestion } from './metrics-messages.ts';

/** Answers at once with its text, unless it is told not to. */
function measured(text: string, { answers = true } = {}): MeasuredProcess & { say: (id: number) => void } {
  const say = (id: number) => void process.emit('message', { type: OWN, id, text });
  const send = ({ id }: OwnMetricsQuestion) => answers && queueMicrotask(() => say(id));
  const process = Object.assign(new EventEmitter(), { send, say });
  return process;
}

/** Longer than any test takes that does not wait for it. */
const allMetrics = ({ patienceMs = 60_000 } = {}) => createAllMetrics({ patienceMs });

async function registryText(process: string, counted: number): Promise<string> {
  const registry = new Registry();
  registry.setDefaultLabels({ process });
  const registers = [registry];
  new Counter({ name: 'asked', help: 'Questions.', labelNames: ['of'], registers }).inc({ of: 'a' }, counted);
  new Gauge({ name: 'empty', help: 'Nothing.', labelNames: ['of'], registers }).reset();
  new Gauge({ name: 'held', help: 'Bytes.', registers }).set(7);
  return registry.metrics();
}

it('has the series of all processes, each metric in one place', async () => {
  const all = allMetrics();
  all.add(measured(await registryText('0', 3)));
  all.add(measured(await registryText('1', 4)));
  expect(await all.text()).toBe(`# HELP asked Questions.
# TYPE asked counter
asked{of="a",process="0"} 3
asked{of="a",process="1"} 4

# HELP held Bytes.
# TYPE held gauge
held{process="0"} 7
held{process="1"} 7
`);
});

it('is no part of it when a process does not answer', async () => {
  const all = allMetrics({ patienceMs: 10 });
  const silent = measured('', { answers: false });
  all.add(measured(await registryText('0', 3)));
  all.add(silent);
  expect(await all.text()).toBeUndefined();
  const again = all.text();
  // To the question before.
  silent.say(1);
  expect(await again).toBeUndefined();
});

it('is that of the others when a process ends, also while it is asked', async () => {
  const all = allMetrics();
  const ending = measured('', { answers: false });
  all.add(measured(await registryText('0', 3)));
  all.add(ending);
  const asking = all.text();
  ending.emit('exit');
  expect(await asking).toContain('asked{of="a",process="0"} 3\n');
  expect(await all.text()).toBe(await asking);
});

it('is that of the others when a process cannot be asked', async () => {
  const all = allMetrics();
  const send: MeasuredProcess['send'] = (_, sent) => sent(new Error('channel closed'));
  all.add(measured(await registryText('0', 3)));
  all.add(Object.assign(new EventEmitter(), { send }));
  expect(await all.text()).toContain('process="0"');
});
