-- The rows of the log after a sequence, of all sources, as the chain goes through all of them. A load that was condemned counts while it had been live: data
-- versions and earlier snapshots are the same for whoever reads the log, before or after its sweep. A publication with a condemned load that nothing followed
-- was given up (without `previous`: one whose load is the newest of its file), and does not count.
WITH
    condemned AS (SELECT load_id FROM loads WHERE kind = 'condemned'),
    followed AS (SELECT assumeNotNull(previous) FROM loads WHERE isNotNull(previous)),
    newest AS
    (
        SELECT source, filename, max(sequence) AS last_sequence
        FROM loads
        WHERE kind = 'withdrawn' OR (kind = 'published' AND load_id NOT IN condemned)
        GROUP BY source, filename
    )
SELECT
    loads.sequence AS sequence, loads.previous AS previous, loads.changes AS changes, loads.kind AS kind, loads.source AS source,
    loads.filename AS filename, loads.load_id AS load_id, loads.version AS version, loads.rows AS rows, loads.rejected AS rejected,
    loads.days AS days, loads.data_through AS data_through, loads.published_at AS published_at,
    loads.load_id NOT IN condemned OR if(isNull(loads.previous), loads.sequence < newest.last_sequence, loads.sequence IN followed) AS counts
FROM loads
LEFT JOIN newest ON newest.source = loads.source AND newest.filename = loads.filename
WHERE loads.kind IN ('published', 'withdrawn') AND loads.sequence > {after:UInt64}
ORDER BY sequence, filename
