-- What the gateway reads, as a role for whoever may read and nothing else: CREATE USER … DEFAULT ROLE tripline_reader. Where there is a user of
-- this name, ClickHouse takes it to be meant and gives the grants to that. New tables that the gateway reads are granted in migrations of their own.
CREATE ROLE IF NOT EXISTS tripline_reader;
GRANT SELECT ON files TO tripline_reader;
GRANT SELECT ON loads TO tripline_reader;
GRANT SELECT ON trips TO tripline_reader;
GRANT SELECT ON trips_by_hour TO tripline_reader;
GRANT SELECT ON trips_by_day TO tripline_reader;
