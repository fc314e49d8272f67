import type pg from 'pg';
import { functionSources } from './functionSources.ts';

/** Each part of the dump: a query that gives lines, in an order that does not depend on object ids. */
const PARTS: readonly (readonly [title: string, query: string])[] = [
  [
    'Tables',
    `SELECT format(E'%I.%I%s\\n%s', n.nspname, c.relname,
       coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', ''),
       (SELECT string_agg(format('  %I %s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
           CASE WHEN co.collname = 'C' THEN ' COLLATE "C"' ELSE '' END
             || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
             || CASE WHEN a.attidentity = 'a' THEN ' GENERATED ALWAYS AS IDENTITY' ELSE '' END,
           coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')), E'\\n' ORDER BY a.attnum)
        FROM pg_attribute a
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        LEFT JOIN pg_collation co ON co.oid = a.attcollation
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname IN ('bo', 'sync') AND c.relkind IN ('r', 'c') ORDER BY n.nspname, c.relname`,
  ],
  [
    'Constraints',
    `SELECT format('%s %I: %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
     FROM pg_constraint WHERE connamespace IN ('bo'::regnamespace, 'sync'::regnamespace) AND contype <> 'n'
     ORDER BY conrelid::regclass::text, conname`,
  ],
  ['Indexes', `SELECT indexdef FROM pg_indexes WHERE schemaname IN ('bo', 'sync') ORDER BY indexdef`],
  [
    'Views',
    `SELECT format(E'%I.%I\\n%s', schemaname, viewname, definition) FROM pg_views
     WHERE schemaname IN ('bo', 'sync') ORDER BY 1`,
  ],
  [
    'Comments',
    `SELECT pg_describe_object(classoid, objoid, objsubid) || ': ' || description FROM pg_description
     WHERE (classoid = 'pg_class'::regclass AND objoid IN (
       SELECT oid FROM pg_class WHERE relnamespace IN ('bo'::regnamespace, 'sync'::regnamespace)))
     ORDER BY 1`,
  ],
  [
    'Grants',
    `SELECT format('%s %I.%I: %s', CASE c.relkind WHEN 'v' THEN 'view' WHEN 'S' THEN 'sequence' ELSE 'table' END,
       n.nspname, c.relname, string_agg(grants, '; ' ORDER BY grants))
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     CROSS JOIN LATERAL (
       SELECT format('%s %s', grantee::regrole, string_agg(privilege_type, ', ' ORDER BY privilege_type)) AS grants
       FROM aclexplode(c.relacl) WHERE grantee <> c.relowner GROUP BY grantee) g
     WHERE n.nspname IN ('bo', 'sync') GROUP BY c.relkind, n.nspname, c.relname ORDER BY 1`,
  ],
];

/**
 * What is live, for a reviewer to read: tables from the catalogue, as the migrations have left them, then the functions of this
 * release, filled in, in the order in which a batch meets them. Committed as `infra/database/schema.txt`; a test compares it,
 * `npm run schema:dump` writes it.
 */
export async function dumpSchema(client: pg.ClientBase): Promise<string> {
  const parts: string[] = [];
  for (const [title, query] of PARTS) {
    const result = await client.query<string[]>({ text: query, rowMode: 'array' });
    parts.push(`== ${title} ==\n\n${result.rows.map(([line]) => line).join('\n\n')}\n`);
  }
  parts.push(`== Functions ==\n\n${functionSources()}`);
  return parts.join('\n').replace(/[ \t]+$/gm, '');
}
