#!/bin/sh
# Run once by the Postgres image on an empty volume: the login of the APIs and workers, which is a member of
# mipoints_app and nothing else. So no statement of theirs, whatever it says, acts as the ledger's owner.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  --set password="$SERVICE_PASSWORD" <<'SQL'
create role mipoints_app nologin;
create role mipoints_auditor nologin;
create role mipoints_service login password :'password' in role mipoints_app;
SQL
