#!/bin/sh
# Creates Temporal's two databases, or brings them up to the version of this image. Run again, it changes nothing.
set -eu
sql() {
  temporal-sql-tool --plugin postgres12 --endpoint "$POSTGRES_SEEDS" --port 5432 --user "$POSTGRES_USER" "$@"
}
schemas=/etc/temporal/schema/postgresql/v12
for database in temporal visibility; do
  name=temporal
  if [ "$database" = visibility ]; then name=temporal_visibility; fi
  sql --database "$name" create-database
  sql --database "$name" setup-schema --version 0.0
  sql --database "$name" update-schema --schema-dir "$schemas/$database/versioned"
done
