-- Append-only log of publications, written by the publisher alone. A condemned row (sequence 0) bars its load from
-- being live, whichever of the two rows lands first.
CREATE TABLE IF NOT EXISTS loads
(
    sequence     UInt64,
    kind         Enum8('published' = 1, 'condemned' = 2),
    source       LowCardinality(String),
    filename     String,
    load_id      UUID,
    version      String,
    rows         UInt64,
    rejected     UInt64,
    -- Exact pickup days with their trips; not min and max, as strays would make every load touch every range.
    days         Map(Date32, UInt32),
    -- Newest pickup that lies in the file's own month.
    data_through Nullable(DateTime64(6, 'UTC')),
    -- JSON: what was checked before the publication.
    proof        String,
    published_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY (sequence, load_id);

-- One row before anything is written under a load_id: who may still publish it (the sweep asks).
CREATE TABLE IF NOT EXISTS load_attempts
(
    load_id     UUID,
    source      LowCardinality(String),
    filename    String,
    version     String,
    workflow_id String,
    run_id      String,
    started_at  DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY load_id;
