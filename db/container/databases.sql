-- Makes a user and a database for the fleet, and the same for MLflow. PostgreSQL's image runs it once, while the
-- volume is new. The passwords are read by psql, so they stand neither in an environment nor in a list of processes.
\set dataset_password `cat /run/secrets/dataset_password`
\set mlflow_password `cat /run/secrets/mlflow_password`

CREATE ROLE dataset LOGIN PASSWORD :'dataset_password';
CREATE DATABASE dataset OWNER dataset;
REVOKE CONNECT ON DATABASE dataset FROM PUBLIC;

CREATE ROLE mlflow LOGIN PASSWORD :'mlflow_password';
CREATE DATABASE mlflow OWNER mlflow;
REVOKE CONNECT ON DATABASE mlflow FROM PUBLIC;
