-- What the log says of one file, in its order, as it would be published again. Publications that were given up (see read_publications) do not count.
WITH
    condemned AS (SELECT load_id FROM loads WHERE kind = 'condemned'),
    given_up AS (/* include given_up */)
SELECT sequence, kind, load_id, version, rows, rejected, data_through, proof, load_id IN condemned AS is_swept
FROM loads
WHERE kind IN ('published', 'withdrawn') AND source = {source:String} AND filename = {filename:String} AND sequence NOT IN given_up
ORDER BY sequence
LIMIT 1 BY sequence
