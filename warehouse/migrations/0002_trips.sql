-- One row per trip, in the canonical schema. TLC's own column `extra` is `extra_amount` here;
-- `extra` holds the columns of the file that we do not know.
CREATE TABLE IF NOT EXISTS trips
(
    VendorID              Nullable(Int32),
    -- New York wall-clock time, kept as written.
    tpep_pickup_datetime  DateTime64(6, 'UTC'),
    tpep_dropoff_datetime Nullable(DateTime64(6, 'UTC')),
    passenger_count       Nullable(Int32),
    -- Miles.
    trip_distance         Float64,
    RatecodeID            Nullable(Int32),
    store_and_fwd_flag    LowCardinality(Nullable(String)),
    PULocationID          Nullable(Int32),
    DOLocationID          Nullable(Int32),
    pickup_longitude      Nullable(Float64),
    pickup_latitude       Nullable(Float64),
    dropoff_longitude     Nullable(Float64),
    dropoff_latitude      Nullable(Float64),
    payment_type          Nullable(Int32),
    -- US dollars, all amounts.
    fare_amount           Nullable(Float64),
    extra_amount          Nullable(Float64),
    mta_tax               Nullable(Float64),
    tip_amount            Nullable(Float64),
    tolls_amount          Nullable(Float64),
    improvement_surcharge Nullable(Float64),
    total_amount          Nullable(Float64),
    congestion_surcharge  Nullable(Float64),
    airport_fee           Nullable(Float64),
    cbd_congestion_fee    Nullable(Float64),
    extra                 Map(LowCardinality(String), String),
    -- Position in its file, from 0.
    row_number            UInt64,
    load_id               UUID,
    INDEX load_id_index load_id TYPE set(4) GRANULARITY 4
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(tpep_pickup_datetime)
PRIMARY KEY (tpep_pickup_datetime, trip_distance)
ORDER BY (tpep_pickup_datetime, trip_distance, load_id, row_number);
