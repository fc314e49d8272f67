/** The levels that functions and the host log at, lowest first. */
const LEVELS = ['trace', 'debug', 'information', 'warning', 'error', 'critical'] as const;

export type LogLevel = (typeof LEVELS)[number];

/** Writes one record; `category` is for example `Host.Startup` or `Function.ledgerIngest.User`. */
export type Log = (level: LogLevel, category: string, message: string, invocationId?: string) => void;

// As in a Function App without settings of its own.
const LOWEST_LEVEL = LEVELS.indexOf('information');

/** Writes records as JSON, one a line, to stdout. Callers pass no event bodies. */
export const logToStdout: Log = (level, category, message, invocationId) => {
  if (LEVELS.indexOf(level) < LOWEST_LEVEL) return;
  const record = { time: new Date().toISOString(), level, category, message, invocationId };
  process.stdout.write(`${JSON.stringify(record)}\n`);
};
