-- A row of ${table} as it is sent: its fields, and the broker's position of its event.
CREATE TYPE release.${name}_row AS (
  ${row_fields}
);
