-- The day histogram of one load, from its hour histogram.
INSERT INTO trips_by_day (day, load_id, trip_distance, trips)
SELECT toDate32(hour) AS day, {load_id:UUID}, trip_distance, toUInt32(sum(trips))
FROM trips_by_hour
WHERE load_id = {load_id:UUID}
GROUP BY day, trip_distance
