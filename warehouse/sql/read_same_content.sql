-- Other files of the source with the bytes of one file version, each with what holds them: `live` says whether they are counted.
WITH
    live AS (SELECT filename, version FROM (/* include read_live_loads */)),
    newest AS (/* include newest_files */)
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
