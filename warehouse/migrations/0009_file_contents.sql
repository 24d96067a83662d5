-- What the bytes of a file version are, as they lay in the lake when it was loaded: files of equal bytes are counted once.
CREATE TABLE IF NOT EXISTS file_contents
(
    source    LowCardinality(String),
    filename  String,
    version   String,
    -- In hexadecimal.
    sha256    String,
    hashed_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(hashed_at)
ORDER BY (source, filename, version);
