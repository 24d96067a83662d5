-- What we know of each file version; survives Temporal's retention. The row of the highest revision counts.
CREATE TABLE IF NOT EXISTS files
(
    source        LowCardinality(String),
    filename      String,
    version       String,
    -- First YYYY-MM in the name, '' when it has none.
    month         LowCardinality(String),
    stage         Enum8('DISCOVERED' = 1, 'FETCHING' = 2, 'LOADING' = 3, 'PUBLISHED' = 4, 'QUARANTINED' = 5),
    reason        String,
    notes         Array(String),
    -- What the listing printed beside the name, to tell without a request that nothing changed.
    hint          String,
    size_bytes    Nullable(UInt64),
    chunks        UInt32,
    rows          Nullable(UInt64),
    rejected      Nullable(UInt64),
    load_id       Nullable(UUID),
    -- Where the bytes lie in the lake, '' before they are whole.
    lake_key      String,
    updated_at    DateTime64(3, 'UTC'),
    revision      UInt64
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY (source, filename, version);
