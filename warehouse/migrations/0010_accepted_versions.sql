-- File versions that an operator has accepted: what would hold them back after they were loaded does not.
CREATE TABLE IF NOT EXISTS accepted_versions
(
    source      LowCardinality(String),
    filename    String,
    version     String,
    accepted_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(accepted_at)
ORDER BY (source, filename, version);
