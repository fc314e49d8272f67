/** `node infra/alerts/writeQueries.ts`: writes the queries of alerts.json anew, from their conditions. */
import { writeFile } from 'node:fs/promises';
import { ALERT_FILE } from './alerts.ts';
import { queryOf } from './query.ts';

const alerts = ALERT_FILE.alerts.map((alert) => ({ ...alert, query: queryOf(alert) }));
await writeFile(
  new URL('./alerts.json', import.meta.url),
  `${JSON.stringify({ ...ALERT_FILE, alerts }, null, 2)}\n`,
);
