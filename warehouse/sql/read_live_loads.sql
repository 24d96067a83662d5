-- The live load of each file of a source: of those that were not condemned, the one of its highest sequence.
SELECT filename, sequence, load_id, version, rows, rejected, proof
FROM loads
WHERE kind = 'published' AND source = {source:String}
    AND load_id NOT IN (SELECT load_id FROM loads WHERE kind = 'condemned')
ORDER BY filename, sequence DESC
LIMIT 1 BY filename
