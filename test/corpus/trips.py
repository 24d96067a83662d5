"""Sixty trips, and what is expected of a file that holds them."""
import datetime as dt
import decimal
import random
import zoneinfo

import pyarrow as pa

ROWS = 60
NEW_YORK = zoneinfo.ZoneInfo("America/New_York")
EPOCH = dt.datetime(1970, 1, 1)


def trips(month, seed=1):
    """Columns of plain Python values, by their names of today."""
    dice = random.Random(f"{month}-{seed}")
    start = dt.datetime.fromisoformat(f"{month}-01")
    # No hour that the clocks of March and November skip or show twice.
    pickups = [
        start + dt.timedelta(days=dice.randrange(27), hours=3 + dice.randrange(20), seconds=dice.randrange(3600))
        for _ in range(ROWS)
    ]
    hundredths = [dice.randrange(1, 3000) for _ in range(ROWS)]
    return {
        "VendorID": [1 + i % 2 for i in range(ROWS)],
        "tpep_pickup_datetime": pickups,
        "tpep_dropoff_datetime": [at + dt.timedelta(seconds=60 + dice.randrange(3000)) for at in pickups],
        "passenger_count": [1 + i % 5 for i in range(ROWS)],
        "trip_distance": [n / 100 for n in hundredths],
        "RatecodeID": [1 + i % 6 for i in range(ROWS)],
        "store_and_fwd_flag": ["Y" if i % 9 == 0 else "N" for i in range(ROWS)],
        "PULocationID": [1 + i * 7 % 265 for i in range(ROWS)],
        "DOLocationID": [1 + i * 11 % 265 for i in range(ROWS)],
        "payment_type": [1 + i % 4 for i in range(ROWS)],
        "fare_amount": [3 + n / 4 for n in hundredths],
        "extra": [0.5 * (i % 3) for i in range(ROWS)],
        "mta_tax": [0.5] * ROWS,
        "tip_amount": [n / 20 for n in hundredths],
        "tolls_amount": [0.0] * ROWS,
        "improvement_surcharge": [0.3] * ROWS,
        "total_amount": [5 + n / 3 for n in hundredths],
        "congestion_surcharge": [2.5] * ROWS,
        "airport_fee": [1.25 if i % 6 == 0 else 0.0 for i in range(ROWS)],
    }


MICROS = pa.timestamp("us")
TYPES = {
    "VendorID": pa.int64(),
    "tpep_pickup_datetime": MICROS,
    "tpep_dropoff_datetime": MICROS,
    "passenger_count": pa.float64(),
    "trip_distance": pa.float64(),
    "RatecodeID": pa.float64(),
    "store_and_fwd_flag": pa.string(),
    "PULocationID": pa.int64(),
    "DOLocationID": pa.int64(),
    "payment_type": pa.int64(),
}


def arrow(values):
    """A table of columns, in their order; what is an array already stays as it is."""
    arrays, names = [], []
    for name, column in values if isinstance(values, list) else values.items():
        is_array = isinstance(column, (pa.Array, pa.ChunkedArray))
        arrays.append(column if is_array else pa.array(column, TYPES.get(name)))
        names.append(name)
    return pa.Table.from_arrays(arrays, names=names)


def micros(moment):
    return None if moment is None else (moment - EPOCH) // dt.timedelta(microseconds=1)


def expected(values):
    """By canonical column; moments in microseconds of the wall clock."""
    out = {}
    for name, column in values.items():
        canonical = {"extra": "extra_amount"}.get(name, name)
        out[canonical] = [micros(v) if isinstance(v, dt.datetime) else v for v in column]
    return out


def decimals(values, digits, scale):
    decimal.getcontext().prec = 80
    exact = [decimal.Decimal(repr(v)).quantize(decimal.Decimal(1).scaleb(-scale)) for v in values]
    return pa.array(exact, pa.decimal256(digits, scale) if digits > 38 else pa.decimal128(digits, scale))


def instants(moments, zone, unit="us"):
    """Instants that a clock in New York shows as the moments, labelled with a zone."""
    utc = [m.replace(tzinfo=NEW_YORK).astimezone(dt.timezone.utc).replace(tzinfo=None) for m in moments]
    return pa.array(utc, pa.timestamp(unit)).cast(pa.timestamp(unit, tz=zone)) if zone else pa.array(utc, pa.timestamp(unit))


def labelled(moments, zone, unit="us"):
    """Wall clocks that are called instants of a zone, unshifted."""
    return pa.array(moments, pa.timestamp(unit)).cast(pa.int64()).cast(pa.timestamp(unit, tz=zone))


def texts(moments, write):
    return pa.array([None if m is None else write(m) for m in moments], pa.string())


def halves(values, array):
    """Two columns, each null where the other is not."""
    half = len(values) // 2
    first = [v if i < half else None for i, v in enumerate(values)]
    second = [None if i < half else v for i, v in enumerate(values)]
    return array(first), array(second)
