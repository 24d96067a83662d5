-- Makes a load the live one of its file, or inserts nothing: when the load is not whole (any table holds another
-- number of rows than was verified), when it was condemned, or when this sequence or a later one is taken.
INSERT INTO loads (sequence, kind, source, filename, load_id, version, rows, rejected, days, data_through, proof)
SELECT
    {sequence:UInt64}, 'published', {source:String}, {filename:String}, {load_id:UUID}, {version:String},
    {rows:UInt64}, {rejected:UInt64},
    CAST((groupArray(day), groupArray(day_trips)), 'Map(Date32, UInt32)'),
    {data_through:Nullable(DateTime64(6, 'UTC'))}, {proof:String}
FROM
(
    SELECT day, toUInt32(sum(trips)) AS day_trips
    FROM trips_by_day
    WHERE load_id = {load_id:UUID}
    GROUP BY day
    ORDER BY day
)
HAVING sum(day_trips) = {rows:UInt64}
    AND (SELECT count() FROM trips WHERE load_id = {load_id:UUID}) = {rows:UInt64}
    AND (SELECT sum(trips) FROM trips_by_hour WHERE load_id = {load_id:UUID}) = {rows:UInt64}
    AND (SELECT count() FROM rejected_rows WHERE load_id = {load_id:UUID}) = {rejected:UInt64}
    AND (SELECT count() FROM loads WHERE load_id = {load_id:UUID} AND kind = 'condemned') = 0
    AND (SELECT count() FROM loads WHERE sequence >= {sequence:UInt64}) = 0
