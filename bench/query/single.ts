/** One question at a time, against ClickHouse's own exact percentile over the trips, warm, in the same engine. */
import type { Compared } from '../query.ts';
import type { Gateway, Loaded } from './loaded.ts';
import { endOf, P90, randomRanges, rangeBetween, startOf, type Range } from './ranges.ts';

const REPEAT = 9;

const median = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0;

async function timed<Answer>(ask: () => Promise<Answer>): Promise<{ ms: number; answer: Answer }> {
  const began = performance.now();
  const answer = await ask();
  return { ms: performance.now() - began, answer };
}

interface P90Answer {
  p90: { value: number; trips: number };
}

export async function measureSingle(loaded: Loaded): Promise<Compared[]> {
  const { warehouse, months } = loaded;
  const first = months[0] ?? '';
  const last = months.at(-1) ?? '';
  const all = rangeBetween(startOf(first), endOf(last));
  const year = rangeBetween(
    startOf(months[Math.floor(months.length / 4)] ?? ''),
    endOf(months[Math.floor(months.length / 4) + Math.min(11, months.length - 1)] ?? last),
  );
  const within = { from: startOf(first), to: endOf(last) };
  const shortest = (within.to - within.from) / 2;
  const ragged = randomRanges({ count: REPEAT, within, unit: 1_000, shortest, seed: 3 });

  const bySql = async ({ from, to }: Range) => {
    const [row] = await warehouse.rows<{ value: number; trips: string }>(
      `SELECT quantileExactWeighted(0.9)(trip_distance, 1) AS value, count() AS trips FROM trips
       WHERE load_id IN (SELECT argMax(load_id, sequence) FROM loads WHERE kind = 'published' GROUP BY filename)
         AND tpep_pickup_datetime >= {from:DateTime64(6, 'UTC')} AND tpep_pickup_datetime < {to:DateTime64(6, 'UTC')}`,
      { params: { from: from.replace('T', ' '), to: to.replace('T', ' ') } },
    );
    return { value: row?.value, trips: Number(row?.trips) };
  };
  const ask = (gateway: Gateway, range: Range) => gateway.ask<P90Answer>(P90, { ...range });

  /** Medians; each answer is compared. */
  async function compare(
    question: string,
    gateway: Gateway,
    ranges: readonly Range[],
    target: string,
  ): Promise<Compared> {
    const ours: number[] = [];
    const theirs: number[] = [];
    const answers: P90Answer[] = [];
    // One after the other each, as turns would leave both the other one's caches.
    for (const range of ranges) {
      const { ms, answer } = await timed(() => ask(gateway, range));
      ours.push(ms);
      answers.push(answer);
    }
    for (const [index, range] of ranges.entries()) {
      const { ms, answer } = await timed(() => bySql(range));
      theirs.push(ms);
      const mine = answers[index]?.p90;
      // quantileExactWeighted may round a rank the other way; the counts must be equal, and the values next to it.
      if (mine?.trips !== answer.trips || Math.abs(mine.value - (answer.value ?? NaN)) > 0.02)
        throw new Error(`${JSON.stringify(mine)} is not ${JSON.stringify(answer)}`);
    }
    return {
      question,
      tripline: `${median(ours).toFixed(2)} ms`,
      against: `${median(theirs).toFixed(0)} ms`,
      ratio: `${(median(theirs) / median(ours)).toFixed(0)} ×`,
      target,
    };
  }

  const compared: Compared[] = [];
  const warm = await loaded.startGateway();
  const cold = await loaded.startGateway({ LADDER_MEMORY_MB: '1' });
  try {
    for (const range of [all, year, ...ragged]) {
      await ask(warm, range);
      await bySql(range);
    }
    // Until the code is compiled.
    for (let round = 0; round < 500; round += 1) await ask(warm, ragged[round % ragged.length] ?? all);
    for (let round = 0; round < 60; round += 1) await ask(cold, ragged[round % ragged.length] ?? all);
    const repeat = (range: Range) => Array.from({ length: REPEAT }, () => range);
    compared.push(await compare('all months', warm, repeat(all), '200 ×'));
    compared.push(await compare('a month-aligned year', warm, repeat(year), '100 ×'));
    await cold.longestTurnMs();
    for (const range of ragged) await ask(cold, range);
    const turn = await cold.longestTurnMs();
    compared.push(await compare('half or more, to the second, pages cold', cold, ragged, '8 ×'));
    compared.push(await compare('the same, warm', warm, ragged, '100 ×'));

    const series =
      'query ($from: LocalDateTime, $to: LocalDateTime) { p90Series(pickup: { from: $from, to: $to }, bucket: DAY) { points { value trips } } }';
    interface SeriesAnswer {
      p90Series: { points: { value: number; trips: number }[] };
    }
    const seriesBySql = () =>
      warehouse.rows<{ value: number; trips: string }>(
        `SELECT toDate32(tpep_pickup_datetime) AS day, quantileExactWeighted(0.9)(trip_distance, 1) AS value, count() AS trips FROM trips
         WHERE load_id IN (SELECT argMax(load_id, sequence) FROM loads WHERE kind = 'published' GROUP BY filename)
           AND tpep_pickup_datetime >= {from:DateTime64(6, 'UTC')} AND tpep_pickup_datetime < {to:DateTime64(6, 'UTC')} GROUP BY day ORDER BY day`,
        { params: { from: all.from.replace('T', ' '), to: all.to.replace('T', ' ') } },
      );
    for (let round = 0; round < 50; round += 1) await warm.ask(series, { ...all });
    await seriesBySql();
    const counts: number[][] = [];
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const { ms, answer } = await timed(() => warm.ask<SeriesAnswer>(series, { ...all }));
      ours.push(ms);
      counts.push(answer.p90Series.points.filter(({ trips }) => trips > 0).map(({ trips }) => trips));
    }
    for (let round = 0; round < 5; round += 1) {
      const { ms, answer } = await timed(seriesBySql);
      theirs.push(ms);
      if (JSON.stringify(counts[round]) !== JSON.stringify(answer.map(({ trips }) => Number(trips))))
        throw new Error('the series differ');
    }
    compared.push({
      question: 'a daily series over all months',
      tripline: `${median(ours).toFixed(1)} ms`,
      against: `${median(theirs).toFixed(0)} ms`,
      ratio: `${(median(theirs) / median(ours)).toFixed(0)} ×`,
      target: '50 ×',
    });
    compared.push({
      question: 'longest turn of the event loop while pages load',
      tripline: `${turn.toFixed(1)} ms`,
      against: '',
      ratio: '',
      target: '20 ms',
    });
    compared.push({
      question: 'peak memory of the gateway',
      tripline: `${warm.peakMegabytes()} MB`,
      against: `${cold.peakMegabytes()} MB with LADDER_MEMORY_MB=1`,
      ratio: '',
      target: 'reported',
    });
  } finally {
    await warm.stop();
    await cold.stop();
  }
  return compared;
}
