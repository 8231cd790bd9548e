#!/bin/sh
# Starts MLflow with the database's password from a file. MLflow knows only an address with the password in it, which
# everybody could read in its environment; libpq takes it from a file of its own form that nobody else may read.
set -eu
umask 077
password=$(sed 's/[\\:]/\\&/g' "$MLFLOW_DATABASE_PASSWORD_FILE")
export PGPASSFILE=/tmp/pgpass
printf '*:*:*:*:%s\n' "$password" >"$PGPASSFILE"
unset password
# Its health is asked for every few seconds: no line for each.
exec mlflow server --host 0.0.0.0 --port 5000 --workers 1 --serve-artifacts --artifacts-destination /var/lib/mlflow \
    --uvicorn-opts "--log-level warning"
