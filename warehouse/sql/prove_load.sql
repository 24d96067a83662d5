-- What one load really holds, table by table. `month` is '' for a file without one.
SELECT
    trips.1 AS rows,
    trips.2 AS distinct_row_numbers,
    trips.3 AS checksum,
    trips.4 AS data_through,
    (SELECT count() FROM rejected_rows WHERE load_id = {load_id:UUID}) AS rejected,
    (SELECT sum(trips_by_hour.trips) FROM trips_by_hour WHERE load_id = {load_id:UUID}) AS trips_by_hour,
    (SELECT sum(trips_by_day.trips) FROM trips_by_day WHERE load_id = {load_id:UUID}) AS trips_by_day,
    (
        SELECT sumMap(mapApply((column, written) -> (toString(column), toUInt64(1)), extra))
        FROM trips
        WHERE load_id = {load_id:UUID} AND notEmpty(extra)
    ) AS kept_in_extra
FROM
(
    SELECT
        (
            SELECT (
                count(),
                groupBitmap(row_number),
                sum(cityHash64(row_number, tpep_pickup_datetime, trip_distance)),
                maxOrNullIf(tpep_pickup_datetime, formatDateTime(tpep_pickup_datetime, '%Y-%m') = {month:String})
            )
            FROM trips
            WHERE load_id = {load_id:UUID}
        ) AS trips
)
