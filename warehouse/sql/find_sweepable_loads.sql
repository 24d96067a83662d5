-- Loads that hold rows and that no reader needs: never published, condemned, or superseded (or withdrawn) for longer than `keep_seconds`. Who may still
-- publish them is for the caller to ask.
WITH
    condemned AS (SELECT load_id FROM loads WHERE kind = 'condemned'),
    given_up AS (/* include given_up */),
    changes_of_files AS
    (
        SELECT
            kind,
            load_id,
            -- When the next change of the same file took its place; NULL while it is live.
            leadInFrame(toNullable(published_at)) OVER (
                PARTITION BY source, filename ORDER BY sequence ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
            ) AS superseded_at
        FROM loads
        WHERE kind IN ('published', 'withdrawn') AND load_id NOT IN condemned AND sequence NOT IN given_up
    ),
    kept AS
    (
        SELECT load_id
        FROM changes_of_files
        WHERE kind = 'published'
            AND (superseded_at IS NULL OR superseded_at > now64(3, 'UTC') - toIntervalSecond({keep_seconds:UInt64}))
    )
SELECT
    held.load_id AS load_id,
    any(attempts.source) AS source,
    any(attempts.filename) AS filename,
    any(attempts.workflow_id) AS workflow_id,
    held.load_id IN (SELECT load_id FROM changes_of_files WHERE kind = 'published') AS published
FROM
(
    SELECT DISTINCT load_id FROM trips
    UNION DISTINCT SELECT DISTINCT load_id FROM trips_by_hour
    UNION DISTINCT SELECT DISTINCT load_id FROM trips_by_day
    UNION DISTINCT SELECT DISTINCT load_id FROM rejected_rows
) AS held
LEFT JOIN load_attempts AS attempts ON attempts.load_id = held.load_id
WHERE held.load_id NOT IN kept
GROUP BY load_id
