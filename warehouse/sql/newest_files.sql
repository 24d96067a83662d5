-- The newest version of each file of a source, as `files` records it.
SELECT filename, version, stage, reason, gone_at
FROM files FINAL
WHERE source = {source:String}
ORDER BY filename, revision DESC
LIMIT 1 BY filename
