import { describe, expect, it } from 'vitest';
import { createThrottle } from './throttle.ts';

describe('the throttle', () => {
  it('grants a burst, then a rate, and charges for what it refuses', () => {
    let elapsedMs = 0;
    const throttle = createThrottle({
      requestsPerSecond: 10,
      burst: 5,
      maxConcurrent: 100,
      elapsed: () => elapsedMs,
    });
    const granted = (requests: number) =>
      Array.from({ length: requests }, () => throttle.enter()).filter(Boolean).length;
    expect(granted(20)).toBe(5);
    elapsedMs += 200;
    expect(granted(20)).toBe(2);
    elapsedMs += 60_000;
    expect(granted(20)).toBe(5);
  });

  it('holds requests in flight under its limit', () => {
    const throttle = createThrottle({
      requestsPerSecond: 10,
      burst: 100,
      maxConcurrent: 2,
      elapsed: () => 0,
    });
    expect([throttle.enter(), throttle.enter(), throttle.enter()]).toEqual([true, true, false]);
    throttle.leave();
    expect([throttle.enter(), throttle.enter()]).toEqual([true, false]);
  });
});
