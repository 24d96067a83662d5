-- What each table holds of one published load, so that neighbours can be compared: trips with the hour histogram, that with
-- the day histogram, trips with the `days` of the publication. Sums of hashes, as order does not matter.
WITH
    hours AS
    (
        SELECT toUnixTimestamp64Second(hour) AS hour, trip_distance AS distance, sum(trips_by_hour.trips) AS trips
        FROM trips_by_hour
        WHERE load_id = {load_id:UUID}
        GROUP BY hour, distance
    )
SELECT
    found.1 AS rows,
    found.2 AS distinct_row_numbers,
    found.3 AS checksum,
    (SELECT count() FROM rejected_rows WHERE load_id = {load_id:UUID}) AS rejected,
    (
        SELECT sum(cityHash64(hour, distance, trips))
        FROM
        (
            SELECT
                intDiv(micros - positiveModulo(micros, 3600000000), 1000000) AS hour,
                if(trip_distance = 0, 0., trip_distance) AS distance,
                count() AS trips
            FROM
            (
                SELECT toUnixTimestamp64Micro(tpep_pickup_datetime) AS micros, trip_distance
                FROM trips
                WHERE load_id = {load_id:UUID}
            )
            GROUP BY hour, distance
        )
    ) AS hours_by_trips,
    (SELECT sum(cityHash64(hour, distance, trips)) FROM hours) AS hours_by_histogram,
    (
        SELECT sum(cityHash64(day, distance, trips))
        FROM
        (
            SELECT toInt64(intDiv(hour - positiveModulo(hour, 86400), 86400)) AS day, distance, sum(hours.trips) AS trips
            FROM hours
            GROUP BY day, distance
        )
    ) AS days_by_hours,
    (
        SELECT sum(cityHash64(day, distance, trips))
        FROM
        (
            SELECT toInt64(toInt32(trips_by_day.day)) AS day, trip_distance AS distance, sum(trips_by_day.trips) AS trips
            FROM trips_by_day
            WHERE load_id = {load_id:UUID}
            GROUP BY day, distance
        )
    ) AS days_by_histogram,
    (
        SELECT sum(cityHash64(day, trips))
        FROM
        (
            SELECT toInt64(toInt32(toDate32(tpep_pickup_datetime))) AS day, count() AS trips
            FROM trips
            WHERE load_id = {load_id:UUID}
            GROUP BY day
        )
    ) AS days_by_trips,
    (
        SELECT sum(cityHash64(toInt64(toInt32(day)), toUInt64(day_trips)))
        FROM loads
        ARRAY JOIN mapKeys(days) AS day, mapValues(days) AS day_trips
        WHERE sequence = {sequence:UInt64} AND load_id = {load_id:UUID} AND kind = 'published'
    ) AS days_by_publication
FROM
(
    SELECT
    (
        SELECT (count(), groupBitmap(row_number), sum(cityHash64(row_number, tpep_pickup_datetime, trip_distance)))
        FROM trips
        WHERE load_id = {load_id:UUID}
    ) AS found
)
