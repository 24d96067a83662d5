-- How the columns of a file differ from what TLC's files of its month look like.
ALTER TABLE files ADD COLUMN IF NOT EXISTS
    drift Array(Tuple(kind LowCardinality(String), column String, detail String)) AFTER notes;
