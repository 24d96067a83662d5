-- The hour histogram of one load, from the trips as they were stored. -0.0 counts as 0.
INSERT INTO trips_by_hour (hour, load_id, trip_distance, trips)
SELECT
    fromUnixTimestamp64Second(intDiv(micros - positiveModulo(micros, 3600000000), 1000000), 'UTC') AS hour,
    {load_id:UUID},
    distance,
    toUInt32(count())
FROM
(
    SELECT toUnixTimestamp64Micro(tpep_pickup_datetime) AS micros, if(trip_distance = 0, 0., trip_distance) AS distance
    FROM trips
    WHERE load_id = {load_id:UUID}
)
GROUP BY hour, distance
