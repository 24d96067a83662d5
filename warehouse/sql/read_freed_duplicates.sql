-- Files that wait as DUPLICATE although no other file that the source shows has their bytes counted, or taken out by an operator.
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
    ),
    contents AS (SELECT DISTINCT filename, version, sha256 FROM file_contents WHERE source = {source:String}),
    holding AS
    (
        SELECT contents.sha256 AS sha256
        FROM contents
        INNER JOIN newest ON newest.filename = contents.filename
        WHERE isNull(newest.gone_at)
            AND (
                (contents.filename, contents.version) IN (SELECT filename, version FROM live)
                OR (newest.version = contents.version AND newest.stage = 'QUARANTINED' AND match(newest.reason, '^(WITHDRAWN|HELD_BACK):'))
            )
    )
SELECT newest.filename AS filename
FROM newest
INNER JOIN contents ON contents.filename = newest.filename AND contents.version = newest.version
WHERE newest.stage = 'QUARANTINED' AND startsWith(newest.reason, 'DUPLICATE:') AND contents.sha256 NOT IN (SELECT sha256 FROM holding)
ORDER BY filename
