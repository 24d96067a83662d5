-- A publication is one sequence with a list of changes, a row each: a file → a load ('published'), or a file → none ('withdrawn', with the nil UUID).
-- `previous` is the sequence of the publication before, whatever its source; NULL in rows of before there was one, which are read in the order of their
-- sequences. `changes` is how many rows the publication has. See docs/decisions/0023.
ALTER TABLE loads MODIFY COLUMN kind Enum8('published' = 1, 'condemned' = 2, 'withdrawn' = 3);
ALTER TABLE loads ADD COLUMN IF NOT EXISTS previous Nullable(UInt64) AFTER sequence;
ALTER TABLE loads ADD COLUMN IF NOT EXISTS changes UInt32 DEFAULT 1 AFTER previous;
