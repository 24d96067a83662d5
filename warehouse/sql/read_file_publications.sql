-- Publications of one file in their order, as they would be published again; without those of condemned loads.
SELECT sequence, load_id, version, rows, rejected, data_through, proof
FROM loads
WHERE kind = 'published' AND source = {source:String} AND filename = {filename:String}
    AND load_id NOT IN (SELECT load_id FROM loads WHERE kind = 'condemned')
ORDER BY sequence
LIMIT 1 BY sequence
