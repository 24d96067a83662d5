-- Files that wait as DUPLICATE although no other file that the source shows has their bytes counted, or taken out by an operator.
WITH
    live AS (SELECT filename, version FROM (/* include read_live_loads */)),
    newest AS (/* include newest_files */),
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
