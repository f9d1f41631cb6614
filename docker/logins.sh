#!/bin/sh
# The Postgres image runs this once on an empty volume. It creates the login of the APIs and workers, which is a member of
# mipoints_app only. So none of their statements can run with the rights of the ledger's owner.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  --set password="$SERVICE_PASSWORD" <<'SQL'
create role mipoints_app nologin;
create role mipoints_auditor nologin;
create role mipoints_service login password :'password' in role mipoints_app;
SQL
