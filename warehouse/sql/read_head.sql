-- The newest publication that is whole and was not given up: the one that the next one follows. 0 before the first.
WITH condemned AS (SELECT load_id FROM loads WHERE kind = 'condemned')
SELECT max(sequence) AS sequence
FROM
(
    SELECT sequence, any(changes) AS expected, uniqExact(source, filename) AS found, countIf(load_id IN condemned) AS barred
    FROM loads
    WHERE kind IN ('published', 'withdrawn')
    GROUP BY sequence
    HAVING found >= expected AND barred = 0
)
