import { describe, expect, it } from 'vitest';
import { isUtc, zonesOf } from './arrow-zones.ts';

/** Columns d (double), p (America/New_York), n (no zone), u (UTC). */
const BY_PYARROW =
  '/////ygBAAAQAAAAAAAKAAwABgAFAAgACgAAAAABBAAMAAAACAAIAAAABAAIAAAABAAAAAQAAADIAAAAaAAAADwAAAAEAAAAWP///wAAAQoQAAAAFAAAAAQAAAAAAAAAAQAAAHUAAACk////AAADAAQAAAADAAAAVVRDAIz///8AAAEKEAAAABQAAAAEAAAAAAAAAAEAAABuAAAAfv///wAAAgC0////AAABChAAAAAcAAAABAAAAAAAAAABAAAAcAAAAAgADAAGAAgACAAAAAAAAgAEAAAAEAAAAEFtZXJpY2EvTmV3X1lvcmsAAAAAEAAUAAgABgAHAAwAAAAQABAAAAAAAAEDEAAAABgAAAAEAAAAAAAAAAEAAABkAAYACAAGAAYAAAAAAAIAAAAAAA==';
/** Column p (Europe/Berlin). */
const BY_POLARS =
  '/////4oAAAAEAAAA8v///xQAAAAEAAEAAAAKAAsACAAKAAQA+P///wwAAAAIAAgAAAAEAAEAAAAEAAAA7P///0wAAAAgAAAAGAAAAAEKAAAQABIABAAQABEACAAAAAwAAAAAAPT///8QAAAAAgAAAAgACgAIAAQADQAAAEV1cm9wZS9CZXJsaW4AAAABAAAAcAA=';

const arrow = (value: string) => zonesOf([{ key: 'ARROW:schema', value }]);

describe('zones of instants', () => {
  it("are in Arrow's schema", () => {
    expect([...arrow(BY_PYARROW)]).toEqual([
      ['p', 'America/New_York'],
      ['u', 'UTC'],
    ]);
    expect([...arrow(BY_POLARS)]).toEqual([['p', 'Europe/Berlin']]);
  });

  it('are in what pandas and fastparquet write', () => {
    const columns = [
      { field_name: 'p', metadata: { timezone: 'America/New_York' } },
      { name: 'q', metadata: null },
    ];
    expect([...zonesOf([{ key: 'pandas', value: JSON.stringify({ columns }) }])]).toEqual([
      ['p', 'America/New_York'],
    ]);
  });

  it('are none where nothing can be read', () => {
    expect([...zonesOf(undefined), ...zonesOf([{ key: 'pandas', value: '[{' }]), ...arrow('')]).toEqual([]);
    const bytes = Buffer.from(BY_PYARROW, 'base64');
    for (let end = 0; end < bytes.length; end += 1) arrow(bytes.subarray(0, end).toString('base64'));
    for (let at = 0; at < bytes.length; at += 1) {
      const damaged = Buffer.from(bytes);
      damaged[at] = 0xff;
      arrow(damaged.toString('base64'));
    }
  });
});

it.each(['', 'UTC', 'utc', 'Etc/UTC', 'GMT', 'Z', '+00:00', '-00:00', '+00', 'UTC+00:00', 'Etc/GMT+0'])(
  '%j is UTC',
  (zone) => {
    expect(isUtc(zone)).toBe(true);
  },
);

it.each(['America/New_York', 'EST', '-05:00', '+01:00', 'Etc/GMT+5', 'Europe/London', '+00:30'])(
  '%j is not UTC',
  (zone) => {
    expect(isUtc(zone)).toBe(false);
  },
);
