#!/bin/sh
# Makes a database at the first start, as the image on Docker Hub does.
set -eu
[ -d /data/mysql ] || mariadb-install-db --datadir=/data --auth-root-authentication-method=normal --skip-test-db
exec mariadbd --datadir=/data --bind-address=0.0.0.0
