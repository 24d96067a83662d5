-- Publications that count for nobody: the load of each is condemned, and nothing followed it (see read_publications).
SELECT sequence
FROM loads
WHERE kind = 'published' AND isNotNull(previous)
    AND load_id IN (SELECT load_id FROM loads WHERE kind = 'condemned')
    AND sequence NOT IN (SELECT assumeNotNull(previous) FROM loads WHERE isNotNull(previous))
