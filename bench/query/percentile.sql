-- The percentile of trip_distance over one range, exactly: whole days from the day histogram, whole hours of the
-- (at most two) ragged days from the hour histogram, the rest from the trips of the (at most two) ragged hours.
-- Unused spans are empty. The ragged days and hours are read whole, so that the caller can compare what each table
-- holds with the days of the loads: `day_trips`, `hour_trips`, `edge_hour_trips` = `edge_trips`.
SELECT
    any(total) AS trips,
    minIf(trip_distance, cumulative >= lower_rank) AS lower_value,
    minIf(trip_distance, cumulative >= upper_rank) AS upper_value,
    any(total) - minIf(cumulative, cumulative >= lower_rank) AS over_lower,
    any(total) - minIf(cumulative, cumulative >= upper_rank) AS over_upper,
    sum(by_day) AS day_trips,
    sum(by_hour) AS hour_trips,
    sum(by_edge_hour) AS edge_hour_trips,
    sum(by_trip) AS edge_trips
FROM
(
    SELECT
        trip_distance, by_day, by_hour, by_edge_hour, by_trip,
        sum(inside) OVER (ORDER BY trip_distance ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS cumulative,
        sum(inside) OVER () AS total,
        -- Nearest rank ⌈p·n⌉; interpolated: 1 + (n − 1)·p, rounded down and up. In integers, p = numerator / denominator.
        toUInt256(total) * {numerator:UInt256} AS scaled,
        toUInt256(greatest(total, 1) - 1) * {numerator:UInt256} AS scaled_less_one,
        if({interpolate:Bool},
            intDiv(scaled_less_one, {denominator:UInt256}) + 1,
            intDiv(scaled + {denominator:UInt256} - 1, {denominator:UInt256})) AS lower_rank,
        if({interpolate:Bool} AND modulo(scaled_less_one, {denominator:UInt256}) > 0, lower_rank + 1, lower_rank) AS upper_rank
    FROM
    (
        SELECT
            trip_distance,
            sum(trips_inside) AS inside,
            sumIf(trips, rung = 'day') AS by_day,
            sumIf(trips, rung = 'hour') AS by_hour,
            sumIf(trips, rung = 'hour' AND edge) AS by_edge_hour,
            sumIf(trips, rung = 'trip') AS by_trip
        FROM
        (
            SELECT 'day' AS rung, trip_distance, toUInt64(trips) AS trips, toUInt64(trips) AS trips_inside, false AS edge
            FROM trips_by_day
            WHERE load_id IN {load_ids:Array(UUID)} AND day >= {days_from:Date32} AND day < {days_to:Date32}
            UNION ALL
            SELECT
                'hour', trip_distance, toUInt64(trips),
                if((hour >= {hours_from_1:DateTime64(6, 'UTC')} AND hour < {hours_to_1:DateTime64(6, 'UTC')})
                    OR (hour >= {hours_from_2:DateTime64(6, 'UTC')} AND hour < {hours_to_2:DateTime64(6, 'UTC')}), toUInt64(trips), 0),
                (hour >= {edge_hour_from_1:DateTime64(6, 'UTC')} AND hour < {edge_hour_to_1:DateTime64(6, 'UTC')})
                    OR (hour >= {edge_hour_from_2:DateTime64(6, 'UTC')} AND hour < {edge_hour_to_2:DateTime64(6, 'UTC')})
            FROM trips_by_hour
            WHERE load_id IN {load_ids:Array(UUID)}
                AND ((hour >= {edge_day_from_1:DateTime64(6, 'UTC')} AND hour < {edge_day_to_1:DateTime64(6, 'UTC')})
                    OR (hour >= {edge_day_from_2:DateTime64(6, 'UTC')} AND hour < {edge_day_to_2:DateTime64(6, 'UTC')}))
            UNION ALL
            SELECT
                'trip', if(trip_distance = 0, 0., trip_distance), toUInt64(1),
                toUInt64((tpep_pickup_datetime >= {trips_from_1:DateTime64(6, 'UTC')} AND tpep_pickup_datetime < {trips_to_1:DateTime64(6, 'UTC')})
                    OR (tpep_pickup_datetime >= {trips_from_2:DateTime64(6, 'UTC')} AND tpep_pickup_datetime < {trips_to_2:DateTime64(6, 'UTC')})),
                false
            FROM trips
            WHERE load_id IN {load_ids:Array(UUID)}
                AND ((tpep_pickup_datetime >= {edge_hour_from_1:DateTime64(6, 'UTC')} AND tpep_pickup_datetime < {edge_hour_to_1:DateTime64(6, 'UTC')})
                    OR (tpep_pickup_datetime >= {edge_hour_from_2:DateTime64(6, 'UTC')} AND tpep_pickup_datetime < {edge_hour_to_2:DateTime64(6, 'UTC')}))
        )
        GROUP BY trip_distance
    )
)
