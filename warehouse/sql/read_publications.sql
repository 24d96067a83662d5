-- Publications of a source after a sequence, in their order. A load that was condemned counts while it had been live: data versions and
-- earlier snapshots are the same for whoever reads the log, before or after its sweep. It never counts as the newest of its file.
WITH
    condemned AS (SELECT load_id FROM loads WHERE kind = 'condemned'),
    newest AS
    (
        SELECT filename, max(sequence) AS last_sequence
        FROM loads
        WHERE kind = 'published' AND source = {source:String} AND load_id NOT IN condemned
        GROUP BY filename
    )
SELECT sequence, source, filename, load_id, version, rows, rejected, days, data_through, published_at
FROM loads
LEFT JOIN newest USING (filename)
WHERE kind = 'published' AND source = {source:String} AND sequence > {after:UInt64}
    AND (load_id NOT IN condemned OR sequence < last_sequence)
ORDER BY sequence
LIMIT 1 BY sequence
