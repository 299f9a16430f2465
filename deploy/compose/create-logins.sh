#!/bin/sh
# Runs once, when PostgreSQL makes its data folder. Three logins, so that none can do another's work: the owner changes tables,
# the application can only read and write rows (and only insert into immutable tables), Temporal has databases of its own.
set -eu

psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
  --set owner="$OWNER_PASSWORD" --set app="$APP_PASSWORD" --set temporal="$TEMPORAL_PASSWORD" <<'SQL'
CREATE ROLE mandate_owner LOGIN PASSWORD :'owner';
CREATE ROLE mandate_app LOGIN PASSWORD :'app';
CREATE ROLE temporal LOGIN CREATEDB PASSWORD :'temporal';
CREATE DATABASE mandate OWNER mandate_owner;
REVOKE CONNECT ON DATABASE mandate FROM PUBLIC;
GRANT CONNECT ON DATABASE mandate TO mandate_app;
SQL
