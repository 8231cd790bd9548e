#!/bin/sh
# Walks the API of the fire brigade's service with curl; ends with status 1 at the first answer that is not as it should be.
#   FIRE_BRIGADE_PASSWORD=… fire_brigade/scripts/tests_api.sh
# FIRE_BRIGADE_URL (http://127.0.0.1:8000) and FIRE_BRIGADE_USER (admin) say where and who; FIRE_BRIGADE_SKIP_DATA=1 leaves the
# records as they are, and goes on from the features.
set -eu

url=${FIRE_BRIGADE_URL:-http://127.0.0.1:8000}
user=${FIRE_BRIGADE_USER:-admin}
: "${FIRE_BRIGADE_PASSWORD:?Set it to the password of $user: ./launch.sh prints where it stands}"
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT

# The password goes in by standard input: everybody may read the arguments of a program.
as_user() {
    printf 'user = "%s:%s"\n' "$user" "$FIRE_BRIGADE_PASSWORD" | curl --config - "$@"
}

# expect STATUS as_user|curl METHOD PATH [curl's options]
expect() {
    wanted=$1 who=$2 method=$3 path=$4
    shift 4
    status=$("$who" --silent --show-error --max-time 900 --output "$answer" --write-out '%{http_code}' \
        --request "$method" "$@" "$url$path") || status="no answer"
    if [ "$status" != "$wanted" ]; then
        echo "FAILED  $method $path: $status instead of $wanted" >&2
        cat "$answer" >&2
        exit 1
    fi
    echo "ok  $status  $method $path"
}

field() {
    sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" "$answer"
}

expect 200 curl GET /health
expect 200 curl GET /health/live
expect 200 curl GET /health/ready
for path in /process_data /build_features '/predict?distance=5.2&station=Acton' /metrics /openapi.json /docs; do
    expect 401 curl GET "$path"
done
expect 401 curl POST /train_model

if [ -z "${FIRE_BRIGADE_SKIP_DATA:-}" ]; then
    expect 202 as_user GET '/process_data?incident=true&mobilisation=true&convert_to_pickle=true'
    job=$(field job_id)
    while :; do
        expect 200 as_user GET "/jobs/$job"
        case $(field status) in
            succeeded) break ;;
            failed) echo "FAILED  the job:" >&2; cat "$answer" >&2; exit 1 ;;
        esac
        sleep 2
    done
    expect 200 as_user GET /build_features
fi

expect 200 as_user POST /train_model
expect 200 as_user POST /train_model --header 'Content-Type: application/json' --data '{
    "data_path": "./data/global_data.csv",
    "ml_model_path": "./models/linear_regression_model.pkl",
    "encoder_path": "./models/onehot_encoder.pkl"}'
expect 400 as_user POST /train_model --header 'Content-Type: application/json' --data '{"data_path": "/etc/hostname"}'
expect 200 as_user GET '/predict?distance=5.2&station=Acton'
expect 400 as_user GET '/predict?distance=far&station=Acton'
expect 404 as_user GET '/predict?distance=5.2&station=Atlantis'
expect 404 as_user GET /jobs/none
expect 200 as_user GET /metrics
expect 200 as_user GET /openapi.json
expect 200 curl GET /health
echo "All answers are as they should be."
