-- Since when the source does not show the file; NULL while it does, and where nobody can tell.
ALTER TABLE files ADD COLUMN IF NOT EXISTS gone_at Nullable(DateTime64(3, 'UTC')) AFTER lake_key;
