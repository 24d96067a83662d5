-- Makes all changes of one publication live together, or inserts nothing: when a load is not whole (any table holds another number of rows than was
-- verified), when one was condemned, or when this sequence or a later one is taken. `given` is JSON; a change without a load has the nil UUID.
INSERT INTO loads (sequence, previous, changes, kind, source, filename, load_id, version, rows, rejected, days, data_through, proof)
SELECT
    {sequence:UInt64}, {previous:UInt64}, {changes:UInt32},
    if(change.load_id = toUUID('00000000-0000-0000-0000-000000000000'), 'withdrawn', 'published'),
    change.source, change.filename, change.load_id, change.version, change.rows, change.rejected, change.days, change.data_through, change.proof
FROM
(
    SELECT arrayJoin(all_changes) AS change
    FROM
    (
        SELECT
            groupArray(CAST(
                (
                    given.source, given.filename, toUUID(given.load_id), given.version, given.rows, given.rejected,
                    held_days.days, toDateTime64OrNull(given.data_through, 6, 'UTC'), given.proof
                ),
                'Tuple(source String, filename String, load_id UUID, version String, rows UInt64, rejected UInt64, days Map(Date32, UInt32), data_through Nullable(DateTime64(6, \'UTC\')), proof String)'
            )) AS all_changes,
            countIf(
                held_days.trips != given.rows OR held_trips.trips != given.rows OR held_hours.trips != given.rows
                OR held_rejected.rejected != given.rejected
            ) AS not_whole
        FROM
        (
            SELECT
                given.source AS source, given.filename AS filename, given.load_id AS load_id, given.version AS version,
                given.rows AS rows, given.rejected AS rejected, given.data_through AS data_through, given.proof AS proof
            FROM
            (
                SELECT arrayJoin(JSONExtract(
                    {given:String},
                    'Array(Tuple(source String, filename String, load_id String, version String, rows UInt64, rejected UInt64, data_through String, proof String))'
                )) AS given
            )
        ) AS given
        LEFT JOIN
        (
            SELECT toString(load_id) AS held_id, CAST((groupArray(day), groupArray(day_trips)), 'Map(Date32, UInt32)') AS days, sum(day_trips) AS trips
            FROM
            (
                SELECT load_id, day, toUInt32(sum(trips)) AS day_trips
                FROM trips_by_day
                WHERE load_id IN {load_ids:Array(UUID)}
                GROUP BY load_id, day
                ORDER BY load_id, day
            )
            GROUP BY load_id
        ) AS held_days ON held_days.held_id = given.load_id
        LEFT JOIN
        (
            SELECT toString(load_id) AS held_id, count() AS trips FROM trips WHERE load_id IN {load_ids:Array(UUID)} GROUP BY load_id
        ) AS held_trips ON held_trips.held_id = given.load_id
        LEFT JOIN
        (
            SELECT toString(load_id) AS held_id, sum(trips_by_hour.trips) AS trips
            FROM trips_by_hour
            WHERE load_id IN {load_ids:Array(UUID)}
            GROUP BY load_id
        ) AS held_hours ON held_hours.held_id = given.load_id
        LEFT JOIN
        (
            SELECT toString(load_id) AS held_id, count() AS rejected FROM rejected_rows WHERE load_id IN {load_ids:Array(UUID)} GROUP BY load_id
        ) AS held_rejected ON held_rejected.held_id = given.load_id
        HAVING count() = {changes:UInt32} AND not_whole = 0
            AND (SELECT count() FROM loads WHERE load_id IN {load_ids:Array(UUID)} AND kind = 'condemned') = 0
            AND (SELECT count() FROM loads WHERE sequence >= {sequence:UInt64}) = 0
    )
)
