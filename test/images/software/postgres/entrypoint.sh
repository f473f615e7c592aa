#!/bin/sh
# Makes a database at the first start, as the image on Docker Hub does.
set -eu
[ -s "$PGDATA/PG_VERSION" ] || initdb --auth=trust --username=postgres
exec postgres -c listen_addresses='*'
