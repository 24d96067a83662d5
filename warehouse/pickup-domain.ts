/**
 * The pickups we can hold and ask for, [1900-01-01, 2299-12-31): what DateTime64(6) and Date32 represent, with room for
 * an exclusive end. Microseconds since 1970.
 */
export const EARLIEST_MICROS = -2_208_988_800_000_000n;
export const PAST_LATEST_MICROS = 10_413_705_600_000_000n;
