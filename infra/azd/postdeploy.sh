#!/usr/bin/env bash
# Hook of azd, after the package: waits until the app is this package, and runs the end-to-end test (docs/deploy.md, 2 and 3) as a
# member of the operators.
source "$(dirname "$0")/session.sh"
PGUSER="$OPERATORS_NAME" npm run cli -- gate running
PGUSER="$OPERATORS_NAME" npm run cli -- e2e --yes --timeout 300 --out build/e2e.json
