#!/usr/bin/env bash
# Hook of azd, after the resources: schema and logins (docs/deploy.md, 2).
source "$(dirname "$0")/session.sh"
PGUSER="$DATABASE_ADMIN_NAME" npm run migrate
PGUSER="$DATABASE_ADMIN_NAME" npm run database:principals -- --sync "$IDENTITY_NAME=$IDENTITY_OBJECT_ID" --operators "$OPERATORS_NAME=$OPERATORS_OBJECT_ID" --operator-service "$PIPELINE_NAME=$PIPELINE_OBJECT_ID"
