-- The live load of each file of a source: its last change, unless that took it out. Publications that were given up (see read_publications) do not count.
WITH
    condemned AS (SELECT load_id FROM loads WHERE kind = 'condemned'),
    given_up AS (/* include given_up */)
SELECT filename, sequence, load_id, version, rows, rejected, proof
FROM
(
    SELECT filename, sequence, kind, load_id, version, rows, rejected, proof
    FROM loads
    WHERE kind IN ('published', 'withdrawn') AND source = {source:String} AND load_id NOT IN condemned AND sequence NOT IN given_up
    ORDER BY filename, sequence DESC
    LIMIT 1 BY filename
)
WHERE kind = 'published'
ORDER BY filename
