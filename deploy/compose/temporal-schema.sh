#!/bin/sh
# Makes Temporal's two databases and brings their tables to this release; harmless when they are there already.
set -eu

schema=/etc/temporal/schema/postgresql/v12

tool() {
  database=$1
  shift
  temporal-sql-tool --plugin postgres12_pgx --ep postgres -p 5432 -u temporal --db "$database" "$@"
}

for pair in temporal:temporal visibility:temporal_visibility; do
  database=${pair#*:}
  tool "$database" create
  tool "$database" setup-schema -v 0.0
  tool "$database" update-schema -d "$schema/${pair%%:*}/versioned"
done
