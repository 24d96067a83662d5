"""Who writes a case's columns into a file, and how."""
import json
import struct

import duckdb
import fastparquet
import pandas
import polars
import pyarrow as pa
import pyarrow.parquet as pq

import bytes_of_parquet
from trips import arrow


def pyarrow(**options):
    return lambda columns, path: pq.write_table(arrow(columns), path, **options)


def pyarrow_renamed(names, **options):
    """Names that stand in the table under others."""

    def write(columns, path):
        pq.write_table(arrow(columns), path, **options)
        bytes_of_parquet.rename(path, names)

    return write


def pyarrow_required(**options):
    """Columns that cannot hold nulls have no levels."""

    def write(columns, path):
        table = arrow(columns)
        schema = pa.schema([field.with_nullable(False) for field in table.schema])
        pq.write_table(pa.Table.from_arrays(table.columns, schema=schema), path, **options)

    return write


def geoparquet(kind):
    """A column of points as GeoParquet has it: bytes, and a note beside the schema."""

    def write(columns, path):
        point = struct.pack("<BIddd", 1, 1001, -73.9, 40.7, 10.0)
        geo = {"version": "1.1.0", "primary_column": "point", "columns": {"point": {"encoding": "WKB", "geometry_types": [kind]}}}
        table = arrow(columns)
        table = table.append_column("point", pa.array([point] * table.num_rows))
        pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), path)

    return write


def spark_v2(**options):
    """The second version's pages with Snappy as older Sparks write them."""

    def write(columns, path):
        table = arrow(columns).replace_schema_metadata(None)
        pq.write_table(table, path, data_page_version="2.0", use_dictionary=False, store_schema=False, **options)
        bytes_of_parquet.spark_null_pages(path)

    return write


def spark(zone=None, **options):
    """Instants with the schema of Spark beside them, and no schema of Arrow."""

    def write(columns, path):
        table = arrow(columns)
        fields = [
            {"name": f.name, "type": "timestamp" if pa.types.is_timestamp(f.type) else "double", "nullable": True, "metadata": {}}
            for f in table.schema
        ]
        metadata = {
            "org.apache.spark.version": "3.5.1",
            "org.apache.spark.sql.parquet.row.metadata": str({"type": "struct", "fields": fields}).replace("'", '"'),
        }
        if zone is not None:
            metadata |= {"org.apache.spark.timeZone": zone, "org.apache.spark.legacyDateTime": ""}
        pq.write_table(table.replace_schema_metadata(metadata), path, store_schema=False, **options)

    return write


def duck(select="SELECT * FROM trips", **options):
    def write(columns, path):
        with duckdb.connect() as db:
            db.execute("SET TimeZone = 'UTC'")
            db.register("trips", arrow(columns))
            given = "".join(f", {name} {value}" for name, value in options.items())
            db.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet{given})")

    return write


def frame(columns):
    """Naive moments stay numpy's."""
    return arrow(columns).to_pandas()


def by_pandas(change=lambda df: df, **options):
    return lambda columns, path: change(frame(columns)).to_parquet(path, **({"engine": "pyarrow"} | options))


def by_fastparquet(change=lambda df: df, **options):
    return lambda columns, path: fastparquet.write(path, change(plain_texts(frame(columns))), **options)


def plain_texts(df):
    for name in df.columns:
        if isinstance(df[name].dtype, pandas.StringDtype):
            df[name] = df[name].astype(object)
    return df


def by_polars(change=lambda df: df, **options):
    return lambda columns, path: change(polars.from_arrow(arrow(columns))).write_parquet(path, **options)


def readers(path):
    """What pyarrow and DuckDB make of a file: rows, or why not."""
    found = {}
    for name, read in {"pyarrow": read_pyarrow, "duckdb": read_duckdb}.items():
        try:
            found[name] = read(path)
        except Exception as error:  # noqa: BLE001
            found[name] = f"{type(error).__name__}: {error}"[:200]
    return found


def read_pyarrow(path):
    return pq.ParquetFile(path).read().num_rows


def read_duckdb(path):
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        return len(db.execute(f"SELECT * FROM read_parquet('{path}')").fetchall())

