"""Odd but honest files, and what is in them. A case is one line: `python corpus.py FOLDER` writes each, and `manifest.json` with what is expected of it."""
import datetime as dt
import json
import os
import sys

import numpy as np
import pandas
import polars
import pyarrow as pa

from trips import NEW_YORK, ROWS, arrow, decimals, expected, halves, instants, labelled, texts, trips
from writers import (by_fastparquet, by_pandas, by_polars, duck, geoparquet, pyarrow, pyarrow_renamed, pyarrow_required, readers, spark, spark_v2)

CASES = []
P, D, M = "tpep_pickup_datetime", "tpep_dropoff_datetime", "trip_distance"


def case(name, columns=lambda t: t, write=None, expect=lambda t: t, refused=None, drift=(), month=None):
    """
    columns: what is written, of the trips; expect: what is to be loaded of them, by today's names; refused: the code instead;
    drift: kinds that must be noted.
    """
    CASES.append((name, columns, write or pyarrow(), expect, refused, list(drift), month))


def ren(**names):
    """Columns under other names, in their places."""
    return lambda t: {names.get(k, k): v for k, v in t.items()}


def put(**values):
    """Columns with other contents; a function is given the column that was there."""
    return lambda t: t | {k: v(t[k]) if callable(v) else v for k, v in values.items()}


def times(write, *names):
    return put(**{k: lambda v: texts(v, write) for k in names or (P, D)})


def zoned(make, zone, unit="us"):
    return put(**{k: lambda v: make(v, zone, unit) for k in (P, D)})


def doubled(name, other, array=None):
    """A column in two spellings, each null in its half."""
    make = array or (lambda v: pa.array(v))
    return lambda t: {k: v for k, v in t.items() if k != name} | dict(zip((name, other), halves(t[name], make)))


def hour12(m, pad=True):
    return f"{m:%m/%d/%Y %I:%M:%S %p}" if pad else f"{m.month}/{m.day}/{m.year} {m.hour % 12 or 12}:{m:%M:%S %p}"


to_minute = put(**{k: lambda v: [m.replace(second=0) for m in v] for k in (P, D)})

# --- Writers, codecs, page versions, encodings, row groups: nothing else is odd.
for codec in ("none", "snappy", "gzip", "brotli", "zstd", "lz4"):
    for version in ("1.0", "2.0"):
        case(f"pyarrow_{codec}_pages{version[0]}", write=pyarrow(compression=codec, data_page_version=version))
case("pyarrow_format_1.0", write=pyarrow(version="1.0"))
case("pyarrow_format_2.4_ms", write=pyarrow(version="2.4", coerce_timestamps="ms", allow_truncated_timestamps=True))
case("pyarrow_ns", zoned(lambda v, z, u: pa.array(v, pa.timestamp("ns")), None))
case("pyarrow_ms", zoned(lambda v, z, u: pa.array(v, pa.timestamp("ms")), None))
case("pyarrow_s", zoned(lambda v, z, u: pa.array(v, pa.timestamp("s")), None))
case("pyarrow_int96", write=pyarrow(use_deprecated_int96_timestamps=True))
case("pyarrow_no_dictionary", write=pyarrow(use_dictionary=False))
case("pyarrow_small_pages", write=pyarrow(data_page_size=64, write_batch_size=8))
case("pyarrow_row_groups_of_7", write=pyarrow(row_group_size=7))
case("pyarrow_no_statistics", write=pyarrow(write_statistics=False))
case("pyarrow_page_index", write=pyarrow(write_page_index=True))
case("pyarrow_checksums", write=pyarrow(write_page_checksum=True))
case("pyarrow_no_arrow_schema", write=pyarrow(store_schema=False))
case("pyarrow_delta", write=pyarrow(use_dictionary=False, column_encoding={P: "DELTA_BINARY_PACKED", D: "DELTA_BINARY_PACKED", "VendorID": "DELTA_BINARY_PACKED", "store_and_fwd_flag": "DELTA_BYTE_ARRAY"}))
case("pyarrow_delta_length", write=pyarrow(use_dictionary=False, column_encoding={"store_and_fwd_flag": "DELTA_LENGTH_BYTE_ARRAY"}))
case("pyarrow_byte_stream_split", write=pyarrow(use_dictionary=False, column_encoding={M: "BYTE_STREAM_SPLIT", "fare_amount": "BYTE_STREAM_SPLIT"}))
case("pyarrow_dictionary_texts", put(store_and_fwd_flag=lambda v: pa.array(v).dictionary_encode()))
case("pyarrow_large_strings", put(store_and_fwd_flag=lambda v: pa.array(v, pa.large_string())))
case("pyarrow_string_view", put(store_and_fwd_flag=lambda v: pa.array(v, pa.string_view())))
case("pyarrow_binary_texts", lambda t: times(lambda m: f"{m}")(t) | {"store_and_fwd_flag": pa.array([v.encode() for v in t["store_and_fwd_flag"]])})
case("pyarrow_required", write=pyarrow_required())
case("pyarrow_required_pages2", write=pyarrow_required(data_page_version="2.0"))
for codec in ("uncompressed", "snappy", "gzip", "zstd", "lz4_raw", "brotli"):
    for version in ("V1", "V2"):
        case(f"duckdb_{codec}_{version}", write=duck(COMPRESSION=codec, PARQUET_VERSION=version))
case("duckdb_row_groups", write=duck("SELECT * FROM trips, range(50) ORDER BY range", ROW_GROUP_SIZE=2048), expect=lambda t: {k: v * 50 for k, v in t.items()}, drift=["NEW_COLUMN"])
for codec in ("uncompressed", "snappy", "gzip", "zstd", "lz4", "brotli"):
    case(f"polars_{codec}", write=by_polars(compression=codec))
case("polars_ns", write=by_polars(lambda df: df.with_columns(polars.col(P).cast(polars.Datetime("ns")))))
case("polars_ms", write=by_polars(lambda df: df.with_columns(polars.col(P).cast(polars.Datetime("ms")))))
case("polars_small_pages", write=by_polars(data_page_size=100, row_group_size=20))
case("polars_categorical", write=by_polars(lambda df: df.with_columns(polars.col("store_and_fwd_flag").cast(polars.Categorical))))
case("polars_decimal", write=by_polars(lambda df: df.with_columns(polars.col(M).cast(polars.Decimal(12, 2)))))
case("polars_use_pyarrow", write=by_polars(use_pyarrow=True))
for codec in ("UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD", "LZ4", "BROTLI"):
    case(f"fastparquet_{codec.lower()}", write=by_fastparquet(compression=codec))
case("fastparquet_int96", write=by_fastparquet(lambda df: df.assign(**{k: df[k].astype("datetime64[ns]") for k in (P, D)}), times="int96"))
case("fastparquet_with_nulls", write=by_fastparquet(has_nulls=True))
case("fastparquet_without_nulls", write=by_fastparquet(has_nulls=False))
case("fastparquet_row_groups", write=by_fastparquet(row_group_offsets=[0, 10, 25, 50]))
case("fastparquet_category", write=by_fastparquet(lambda df: df.assign(store_and_fwd_flag=df.store_and_fwd_flag.astype("category"))))
case("fastparquet_index", write=by_fastparquet(write_index=True), drift=["NEW_COLUMN"])
case("fastparquet_bool_flag", lambda t: t | {"store_and_fwd_flag": pa.array([v == "Y" for v in t["store_and_fwd_flag"]])}, by_fastparquet())
case("pandas_index", write=by_pandas(index=True))
case("pandas_named_index", write=by_pandas(lambda df: df.set_index(P), index=True))
case("pandas_nullable_types", write=by_pandas(lambda df: df.convert_dtypes()))

# --- Zones of instants: UTC is the wall clock, what is named otherwise is read on New York's clock.
for zone in ("America/New_York", "US/Eastern", "EST5EDT", "Europe/Berlin", "Asia/Tokyo", "America/Chicago", "-04:00", "+02:00"):
    case(f"zone_{zone.replace('/', '_')}", zoned(instants, zone), drift=["ZONE"])
for zone in ("UTC", "Etc/UTC", "GMT", "+00:00", "Z", "Etc/GMT"):
    case(f"zone_{zone.replace('/', '_')}", zoned(labelled, zone), drift=["ZONE"])
for unit in ("s", "ms", "ns"):
    case(f"zone_new_york_{unit}", zoned(instants, "America/New_York", unit), drift=["ZONE"])
case("zone_new_york_int96", zoned(instants, "America/New_York"), pyarrow(use_deprecated_int96_timestamps=True), drift=["ZONE"])
case("zone_new_york_polars", write=by_polars(lambda df: df.with_columns(polars.col(P, D).dt.replace_time_zone("America/New_York"))), drift=["ZONE"])
case("zone_new_york_pandas", write=by_pandas(lambda df: df.assign(**{k: df[k].dt.tz_localize("America/New_York") for k in (P, D)})), drift=["ZONE"])
case("zone_new_york_fastparquet", write=by_fastparquet(lambda df: df.assign(**{k: df[k].dt.tz_localize("America/New_York") for k in (P, D)})), drift=["ZONE"])
case("zone_utc_fastparquet", write=by_fastparquet(lambda df: df.assign(**{k: df[k].dt.tz_localize("UTC") for k in (P, D)})), drift=["ZONE"])
case("zone_of_the_pickup_alone", put(**{P: lambda v: instants(v, "America/New_York")}), drift=["ZONE"])
case("zone_duckdb_timestamptz", write=duck(f"SELECT * REPLACE ({P} AT TIME ZONE 'UTC' AS {P}, {D} AT TIME ZONE 'UTC' AS {D}) FROM trips"), drift=["ZONE"])
case("spark_instants", zoned(labelled, "UTC"), spark(), drift=["ZONE"])
case("spark_session_new_york", zoned(labelled, "UTC"), spark("America/New_York"), drift=["ZONE"])
case("spark_int96", zoned(labelled, "UTC"), spark(use_deprecated_int96_timestamps=True))
case("spark_int96_v2", zoned(labelled, "UTC"), spark(use_deprecated_int96_timestamps=True, data_page_version="2.0"))
case("spark_ntz", write=spark())

# --- Times as text.
case("text_tlc", times(lambda m: f"{m}"))
case("text_fraction", times(lambda m: f"{m}.000000"), drift=["TEXT_SHAPE"])
case("text_T", times(lambda m: m.isoformat()), drift=["TEXT_SHAPE"])
case("text_TZ", times(lambda m: m.isoformat() + "Z"), drift=["TEXT_SHAPE"])
case("text_T_fraction_Z", times(lambda m: m.isoformat() + ".000Z"), drift=["TEXT_SHAPE"])
case("text_UTC", times(lambda m: f"{m} UTC"), drift=["TEXT_SHAPE"])
case("text_offset_0", times(lambda m: f"{m}+00:00"), drift=["TEXT_SHAPE"])
case("text_offset_0_short", times(lambda m: f"{m}+00"), drift=["TEXT_SHAPE"])
case("text_offset_new_york", times(lambda m: m.replace(tzinfo=NEW_YORK).isoformat()), drift=["TEXT_SHAPE", "ZONE"])
case("text_offset_india", times(lambda m: m.replace(tzinfo=NEW_YORK).astimezone(dt.timezone(dt.timedelta(hours=5, minutes=30))).isoformat(" ")), drift=["TEXT_SHAPE", "ZONE"])
case("text_new_york_by_name", times(lambda m: f"{m} America/New_York"), drift=["TEXT_SHAPE"])
case("text_EST", times(lambda m: f"{m} EST"), drift=["TEXT_SHAPE"])
case("text_am_pm", times(hour12), drift=["TEXT_SHAPE"])
case("text_am_pm_unpadded", times(lambda m: hour12(m, False)), drift=["TEXT_SHAPE"])
case("text_am_pm_lower", times(lambda m: hour12(m).lower()), drift=["TEXT_SHAPE"])
case("text_month_names", times(lambda m: f"{m:%Y %b %d %I:%M:%S %p}"), drift=["TEXT_SHAPE"])
case("text_long_month_names", times(lambda m: f"{m:%B %d, %Y %I:%M:%S %p}"), drift=["TEXT_SHAPE"])
case("text_rfc", times(lambda m: f"{m:%a, %d %b %Y %H:%M:%S} GMT"), drift=["TEXT_SHAPE"])
case("text_no_seconds", lambda t: times(lambda m: f"{m:%Y-%m-%d %H:%M}")(t), expect=to_minute, drift=["TEXT_SHAPE"])
case("text_us_no_seconds", lambda t: times(lambda m: f"{m.month}/{m.day}/{m.year} {m.hour}:{m:%M}")(t), expect=to_minute, drift=["TEXT_SHAPE"])
case("text_spreadsheet", lambda t: times(lambda m: f"{m.month}/{m.day}/{m:%y} {m.hour}:{m:%M}")(t), expect=to_minute, drift=["TEXT_SHAPE"])
case("text_day_first", times(lambda m: f"{m:%d/%m/%Y %H:%M:%S}"), drift=["TEXT_SHAPE"])
case("text_german", times(lambda m: f"{m:%d.%m.%Y %H:%M:%S}"), drift=["TEXT_SHAPE"])
case("text_slashes", times(lambda m: f"{m:%Y/%m/%d %H:%M:%S}"), drift=["TEXT_SHAPE"])
case("text_compact", times(lambda m: f"{m:%Y%m%dT%H%M%S}Z"), drift=["TEXT_SHAPE"])
case("text_leading_space", times(lambda m: f" {m}"), drift=["TEXT_SHAPE"])
case("text_trailing_space", times(lambda m: f"{m} \r"), drift=["TEXT_SHAPE"])
case("text_mixed_shapes", times(lambda m: f"{m}" if m.second % 2 else f"{m.isoformat()}Z"), drift=["TEXT_SHAPE"])
case("text_dropoff_alone", times(lambda m: f"{m} UTC", D), drift=["TEXT_SHAPE"])
case("text_distance", put(**{M: lambda v: pa.array([f"{x:.2f}" for x in v])}))
case("text_distance_spaces", put(**{M: lambda v: pa.array([f" {x:.2f}\r\n" for x in v])}))
case("text_all_columns", lambda t: {k: texts(v, str) if k in (P, D) else pa.array([str(x) for x in v]) for k, v in t.items()})

# --- Numbers.
for digits, scale in ((9, 2), (18, 2), (18, 6), (38, 2), (38, 18), (38, 36), (60, 18), (76, 30)):
    case(f"decimal_{digits}_{scale}", put(**{M: lambda v, d=digits, s=scale: decimals(v, d, s)}))
case("decimal_everything", lambda t: {k: decimals(v, 20, 2) if k in ("fare_amount", "tip_amount", "extra", M) else v for k, v in t.items()}, expect=lambda t: t | {"fare_amount": [round(v, 2) for v in t["fare_amount"]], "tip_amount": [round(v, 2) for v in t["tip_amount"]]})
case("float32", put(**{M: lambda v: pa.array(v, pa.float32())}), expect=put(**{M: lambda v: [float(np.float32(x)) for x in v]}))
case("float16", put(**{M: lambda v: pa.array(np.array(v, np.float16))}), expect=put(**{M: lambda v: [float(np.float16(x)) for x in v]}))
case("integers_of_8_bits", put(VendorID=lambda v: pa.array(v, pa.int8()), payment_type=lambda v: pa.array(v, pa.uint8())))
case("integers_of_16_bits", put(PULocationID=lambda v: pa.array(v, pa.int16()), DOLocationID=lambda v: pa.array(v, pa.uint16())))
case("integers_unsigned", put(PULocationID=lambda v: pa.array(v, pa.uint32()), DOLocationID=lambda v: pa.array(v, pa.uint64())))
case("integers_as_doubles", put(PULocationID=lambda v: pa.array(v, pa.float64())))
case("distance_integers", put(**{M: lambda v: pa.array([int(x) for x in v])}), expect=put(**{M: lambda v: [float(int(x)) for x in v]}))
case("flag_boolean", put(store_and_fwd_flag=lambda v: pa.array([x == "Y" for x in v])))
case("flag_boolean_rle", put(store_and_fwd_flag=lambda v: pa.array([x == "Y" for x in v])), pyarrow(use_dictionary=False, column_encoding={"store_and_fwd_flag": "RLE"}))
case("flag_boolean_pages2", put(store_and_fwd_flag=lambda v: pa.array([x == "Y" for x in v])), pyarrow(data_page_version="2.0"))
case("boolean_unknown_rle", put(shared=pa.array([i % 3 == 0 for i in range(ROWS)])), pyarrow(data_page_version="2.0", use_dictionary=False, column_encoding={"shared": "RLE"}), drift=["NEW_COLUMN"])

# --- Two spellings of one column, each null in its half.
for name, other in ((M, "Trip_Distance"), (M, "TRIP_DISTANCE"), (P, "pickup_datetime"), (P, "Tpep_Pickup_Datetime"), (D, "dropoff_datetime"), ("airport_fee", "Airport_fee"), ("VendorID", "vendor_id"), ("PULocationID", "pickup_location_id"), ("passenger_count", "Passenger_Count"), ("store_and_fwd_flag", "store_and_forward"), ("total_amount", "Total_Amt"), ("payment_type", "Payment_Type")):
    case(f"twice_{name}+{other}", doubled(name, other), drift=["COALESCED"])
    case(f"twice_{other}+{name}", lambda t, n=name, o=other: dict(reversed(doubled(n, o)(t).items())), drift=["COALESCED"])
case("twice_full_beside_nulls", put(TRIP_DISTANCE=pa.nulls(ROWS, pa.float64())), drift=["COALESCED"])
case("twice_nulls_before_full", lambda t: {M: pa.nulls(ROWS, pa.float64()), "Trip_Distance": t[M]} | {k: v for k, v in t.items() if k != M}, drift=["COALESCED"])
case("twice_null_type", lambda t: {M: pa.nulls(ROWS), "Trip_Distance": t[M]} | {k: v for k, v in t.items() if k != M}, drift=["COALESCED"])
case("twice_of_two_types", lambda t: {k: v for k, v in t.items() if k != M} | dict(zip((M, "Trip_Distance"), (halves(t[M], pa.array)[0], halves([f"{x:.2f}" for x in t[M]], pa.array)[1]))), drift=["COALESCED"])
case("twice_text_and_moments", lambda t: {k: v for k, v in t.items() if k != P} | {P: halves(t[P], lambda v: pa.array(v, pa.timestamp("us")))[0], "Trip_Pickup_DateTime": halves(t[P], lambda v: texts(v, lambda m: f"{m} UTC"))[1]}, drift=["COALESCED"])
case("three_spellings", lambda t: {k: v for k, v in t.items() if k != M} | {n: pa.array([x if i % 3 == j else None for i, x in enumerate(t[M])]) for j, n in enumerate((M, "Trip_Distance", "TRIP_DISTANCE"))}, drift=["COALESCED"])
case("twice_that_differ", lambda t: t | {"Trip_Distance": [x + 1 for x in t[M]]}, drift=["COALESCED"])
case("twice_one_is_no_distance", lambda t: t | {"Trip_Distance": pa.array([True] * ROWS)}, drift=["TYPE_CLASH"])
case("same_name_twice", lambda t: list(t.items()) + [(M, t[M])], refused="TYPE_CLASH")

# --- Names of others.
BIGQUERY = dict(VendorID="vendor_id", tpep_pickup_datetime="pickup_datetime", tpep_dropoff_datetime="dropoff_datetime", RatecodeID="rate_code", improvement_surcharge="imp_surcharge", PULocationID="pickup_location_id", DOLocationID="dropoff_location_id")
case("names_bigquery", ren(**BIGQUERY), drift=["RENAME"])
case("names_dbt", ren(**BIGQUERY | dict(RatecodeID="rate_code_id", improvement_surcharge="improvement_surcharge")), drift=["RENAME"])
case("names_dlt", ren(VendorID="vendor_id", RatecodeID="ratecode_id", PULocationID="pu_location_id", DOLocationID="do_location_id"), drift=["RENAME"])
case("names_azure", ren(VendorID="vendorID", tpep_pickup_datetime="tpepPickupDateTime", tpep_dropoff_datetime="tpepDropoffDateTime", passenger_count="passengerCount", trip_distance="tripDistance", RatecodeID="rateCodeId", store_and_fwd_flag="storeAndFwdFlag", PULocationID="puLocationId", DOLocationID="doLocationId", payment_type="paymentType", total_amount="totalAmount"), drift=["RENAME"])
case("names_upper", lambda t: {k.upper(): v for k, v in t.items()}, drift=["RENAME"])
case("names_csv_spaces", lambda t: {f" {k}": v for k, v in t.items()}, drift=["RENAME"])
case("names_byte_order_mark", ren(VendorID="\ufeffVendorID"), drift=["RENAME"])
case("names_words", ren(trip_distance="Trip Distance", tpep_pickup_datetime="tpep pickup datetime"), drift=["RENAME"])

# --- Columns that nobody needs.
case("unknown_column_twice", lambda t: list(t.items()) + [("note", pa.array(["a"] * ROWS)), ("note", pa.array(["b"] * ROWS))], drift=["NEW_COLUMN"])
case("unknown_without_a_name", put(placeholder=[1.0] * ROWS), pyarrow_renamed({"placeholder": ""}), drift=["NEW_COLUMN"])
case("unknown_name_of_the_engines", put(_row_number=pa.array([5] * ROWS)), drift=["NEW_COLUMN"])
case("unknown_nested", put(where=pa.array([{"zone": i, "points": [1.5, None]} for i in range(ROWS)]), tags=pa.array([[("k", i)] for i in range(ROWS)], pa.map_(pa.string(), pa.int64())), lists=pa.array([[[1], []]] * ROWS)), drift=["NEW_COLUMN"])
case("unknown_types", put(clock=pa.array([dt.time(1, 2, 3)] * ROWS), day=pa.array([dt.date(2020, 1, 2)] * ROWS), id=pa.array([bytes(16)] * ROWS, pa.uuid()), fixed=pa.array([b"abc"] * ROWS, pa.binary(3)), raw=pa.array([b"\xff\xfe"] * ROWS), half=pa.array(np.ones(ROWS, np.float16)), document=pa.array(["{}"] * ROWS, pa.json_()), span=pa.array([dt.timedelta(1)] * ROWS), wide=decimals([1.5] * ROWS, 76, 2)), drift=["NEW_COLUMN"])
case("unknown_struct_empty_list", put(lists=pa.array([None, []] * (ROWS // 2), pa.list_(pa.struct([("a", pa.string())])))), drift=["NEW_COLUMN"])
case("unknown_interval", write=duck("SELECT *, INTERVAL 1 DAY AS span, uuid() AS id, {'a': [1]} AS s, TIME '01:02:03' AS clock, 'x'::BLOB AS raw, '{}'::JSON AS document FROM trips"), drift=["NEW_COLUMN"])
case("unknown_int96", put(seen=pa.array([dt.datetime(1, 1, 1)] * ROWS, pa.timestamp("us"))), pyarrow(use_deprecated_int96_timestamps=True), drift=["NEW_COLUMN"])
case("unknown_moment_of_year_1", put(seen=pa.array([dt.datetime(1, 1, 1)] * ROWS, pa.timestamp("us"))), drift=["NEW_COLUMN"])
case("unknown_geometry", write=duck("SELECT *, 'POINT(1 2)'::GEOMETRY AS pickup_point FROM trips"), drift=["NEW_COLUMN"])
case("unknown_geoparquet_point_z", write=geoparquet("Point Z"), drift=["NEW_COLUMN"])
case("unknown_null_type", put(nothing=pa.nulls(ROWS)), drift=["NEW_COLUMN"])
case("unknown_names_of_sql", put(**{n: [1.0] * ROWS for n in ("c0", "c2", "v0", "v1", "day_first", "file_row", "one", "groups", "pair", "written", "parts")}), drift=["NEW_COLUMN"])
case("unknown_many", put(**{f"column_{i}": [1.0] * ROWS for i in range(300)}), drift=["NEW_COLUMN"])

# --- Nulls, sentinels.
case("spark_v2_null_column", put(airport_fee=pa.nulls(ROWS, pa.float64())), spark_v2(), expect=put(airport_fee=[None] * ROWS))
case("spark_v2_null_column_zstd", put(airport_fee=pa.nulls(ROWS, pa.float64())), spark_v2(compression="zstd"), expect=put(airport_fee=[None] * ROWS))
case("spark_v2_null_unknown", put(mood=pa.nulls(ROWS, pa.string())), spark_v2(), drift=["NEW_COLUMN"])
case("spark_v2_null_pages_of_unknown", put(mood=pa.array([None] * 30 + ["x"] * 30)), spark_v2(row_group_size=30), drift=["NEW_COLUMN"])
case("spark_v2_null_pages_of_known", put(airport_fee=lambda v: pa.array([None] * 30 + v[30:])), spark_v2(row_group_size=30), refused="UNREADABLE")
case("all_null_columns", put(airport_fee=pa.nulls(ROWS), congestion_surcharge=pa.nulls(ROWS, pa.int32())), expect=put(airport_fee=[None] * ROWS, congestion_surcharge=[None] * ROWS))
case("nulls_here_and_there", put(passenger_count=lambda v: [None if i % 4 == 0 else x for i, x in enumerate(v)], RatecodeID=lambda v: [None if i > 40 else x for i, x in enumerate(v)]), expect=put(passenger_count=lambda v: [None if i % 4 == 0 else x for i, x in enumerate(v)], RatecodeID=lambda v: [None if i > 40 else x for i, x in enumerate(v)]))
YEAR_1 = lambda v: [dt.datetime(1, 1, 1) if i == 7 else m for i, m in enumerate(v)]
NO_7 = put(**{D: lambda v: [None if i == 7 else m for i, m in enumerate(v)]})
case("int96_dropoff_of_year_1", put(**{D: YEAR_1}), pyarrow(use_deprecated_int96_timestamps=True), expect=NO_7)
case("int96_dropoff_null", put(**{D: lambda v: [None if i == 7 else m for i, m in enumerate(v)]}), pyarrow(use_deprecated_int96_timestamps=True), expect=NO_7)
case("dropoff_of_year_1", put(**{D: YEAR_1}), expect=NO_7)
case("dropoff_of_year_9999", put(**{D: lambda v: [dt.datetime(9999, 12, 31) if i == 7 else m for i, m in enumerate(v)]}), expect=NO_7)
case("dropoff_past_all_time_ms", put(**{D: lambda v: pa.array([2**63 - 1 if i == 7 else (m - dt.datetime(1970, 1, 1)) // dt.timedelta(milliseconds=1) for i, m in enumerate(v)]).cast(pa.timestamp("ms"))}), expect=NO_7)
case("int96_pickup_of_year_1", put(**{P: YEAR_1}), pyarrow(use_deprecated_int96_timestamps=True), expect=put(**{P: lambda v: [None if i == 7 else m for i, m in enumerate(v)]}))

# --- Refused by their true name.
case("no_distance", lambda t: {k: v for k, v in t.items() if k != M}, refused="MISSING_COLUMN")
case("no_pickup", lambda t: {k: v for k, v in t.items() if k != P}, refused="MISSING_COLUMN")
case("distance_boolean", put(**{M: pa.array([True] * ROWS)}), refused="TYPE_CLASH")
case("pickup_epoch", put(**{P: lambda v: pa.array([1_300_000_000] * ROWS)}), refused="TYPE_CLASH")
case("pickup_day", put(**{P: lambda v: pa.array([m.date() for m in v])}), refused="TYPE_CLASH")
case("green_trips", ren(tpep_pickup_datetime="lpep_pickup_datetime", tpep_dropoff_datetime="lpep_dropoff_datetime"), refused="WRONG_DATA_SET")
case("no_rows", lambda t: {k: v[:0] for k, v in t.items()}, refused="EMPTY")


def main(folder):
    os.makedirs(folder, exist_ok=True)
    manifest = []
    for index, (name, columns, write, expect, refused, drift, month) in enumerate(CASES):
        month = month or f"{2011 + index // 12 % 12}-{1 + index % 12:02}"
        safe = name.replace("/", "_")
        path = os.path.join(folder, f"{safe}.parquet")
        try:
            write(columns(trips(month)), path)
        except Exception as error:
            raise RuntimeError(f"the case {name} cannot be written") from error
        manifest.append(
            {
                "name": name,
                "file": f"{safe}.parquet",
                "month": month,
                "drift": drift,
                "readers": readers(path),
                **({"refused": refused} if refused else {"expected": expected(expect(trips(month)))}),
            }
        )
    names = [one["name"] for one in manifest]
    assert len(set(names)) == len(names), "a name twice"
    with open(os.path.join(folder, "manifest.json"), "w") as file:
        json.dump(manifest, file)
    print(f"{len(manifest)} files")


main(sys.argv[1])
