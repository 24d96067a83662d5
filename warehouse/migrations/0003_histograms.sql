-- Exact histograms of trip_distance, per load: they merge by adding.
CREATE TABLE IF NOT EXISTS trips_by_hour
(
    hour          DateTime64(0, 'UTC'),
    load_id       UUID,
    trip_distance Float64,
    trips         UInt32
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (hour, load_id, trip_distance);

CREATE TABLE IF NOT EXISTS trips_by_day
(
    day           Date32,
    load_id       UUID,
    trip_distance Float64,
    trips         UInt32
)
ENGINE = MergeTree
PARTITION BY toYear(day)
ORDER BY (day, load_id, trip_distance);
