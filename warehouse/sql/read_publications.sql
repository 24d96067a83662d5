-- Publications of a source after a sequence, in their order; without those that were condemned.
SELECT sequence, source, filename, load_id, version, rows, rejected, days, data_through, published_at
FROM loads
WHERE kind = 'published' AND source = {source:String} AND sequence > {after:UInt64}
    AND load_id NOT IN (SELECT load_id FROM loads WHERE kind = 'condemned')
ORDER BY sequence
LIMIT 1 BY sequence
