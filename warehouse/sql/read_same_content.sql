-- Other files of the source with the bytes of one file version, each with what holds them: `live` says whether they are counted.
WITH
    condemned AS (SELECT load_id FROM loads WHERE kind = 'condemned'),
    given_up AS
    (
        SELECT sequence
        FROM loads
        WHERE kind = 'published' AND isNotNull(previous) AND load_id IN condemned
            AND sequence NOT IN (SELECT assumeNotNull(previous) FROM loads WHERE isNotNull(previous))
    ),
    live AS
    (
        SELECT filename, version
        FROM
        (
            SELECT filename, kind, version
            FROM loads
            WHERE kind IN ('published', 'withdrawn') AND source = {source:String} AND load_id NOT IN condemned AND sequence NOT IN given_up
            ORDER BY filename, sequence DESC
            LIMIT 1 BY filename
        )
        WHERE kind = 'published'
    ),
    newest AS
    (
        SELECT filename, version, stage, reason, gone_at
        FROM files FINAL
        WHERE source = {source:String}
        ORDER BY filename, revision DESC
        LIMIT 1 BY filename
    )
SELECT
    contents.filename AS filename,
    contents.version AS version,
    (contents.filename, contents.version) IN (SELECT filename, version FROM live) AS live,
    newest.version = contents.version AND newest.stage = 'QUARANTINED' AND match(newest.reason, '^(WITHDRAWN|HELD_BACK):') AS held,
    isNotNull(newest.gone_at) AS gone
FROM
(
    SELECT DISTINCT filename, version
    FROM file_contents
    WHERE source = {source:String} AND sha256 = {sha256:String}
) AS contents
LEFT JOIN newest ON newest.filename = contents.filename
ORDER BY filename, version
