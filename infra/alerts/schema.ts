/**
 * Columns of the tables of a workspace-based Application Insights, and of the log of queues, with their types in KQL: what the
 * queries of alerts and workbook are checked against.
 */
const COMMON = {
  TimeGenerated: 'datetime',
  OperationId: 'string',
  OperationName: 'string',
  AppRoleName: 'string',
  AppRoleInstance: 'string',
  AppVersion: 'string',
  Properties: 'dynamic',
  ItemCount: 'int',
  SDKVersion: 'string',
  _ResourceId: 'string',
} as const;

export const TABLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  AppMetrics: { ...COMMON, Name: 'string', Sum: 'real', Min: 'real', Max: 'real' },
  AppTraces: { ...COMMON, Message: 'string', SeverityLevel: 'int' },
  AppExceptions: {
    ...COMMON,
    ProblemId: 'string',
    ExceptionType: 'string',
    OuterMessage: 'string',
    InnermostMessage: 'string',
    SeverityLevel: 'int',
  },
  StorageQueueLogs: {
    TimeGenerated: 'datetime',
    AccountName: 'string',
    OperationName: 'string',
    StatusText: 'string',
    Uri: 'string',
    _ResourceId: 'string',
  },
  AppRequests: { ...COMMON, Name: 'string', Success: 'bool', DurationMs: 'real', ResultCode: 'string' },
};
