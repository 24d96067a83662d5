-- Rows that could not be loaded: no pickup time, or a distance that is null, NaN or infinite.
CREATE TABLE IF NOT EXISTS rejected_rows
(
    load_id              UUID,
    source               LowCardinality(String),
    filename             String,
    -- Position in its file, from 0.
    row_number           UInt64,
    reason               LowCardinality(String),
    tpep_pickup_datetime Nullable(String),
    trip_distance        Nullable(String)
)
ENGINE = MergeTree
ORDER BY (load_id, row_number);
