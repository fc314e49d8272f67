import { each, type Invariant, ofType, TYPES } from './invariant.ts';

const LOCK = 'Microsoft.Authorization/locks';
const KEPT = [TYPES.database, TYPES.storage, TYPES.namespace, TYPES.vault];

/** What can't be made again is locked, each by itself: a lock of the group would also keep endpoints and roles from being replaced. */
export const locksKeep: Invariant = (prediction) => {
  const locks = ofType(prediction, LOCK);
  const locked = locks.map(({ id }) => id.split('/providers/Microsoft.Authorization/')[0]!);
  return [
    ...KEPT.filter((type) => !locked.some((id) => new RegExp(`/${type}/[^/]+$`).test(id))).map(
      (type) => `${type} is not locked`,
    ),
    ...locked.filter((id) => !id.includes('/providers/')).map((id) => `all of ${id} is locked`),
    ...each(locks, ({ level }) => level === 'CanNotDelete', 'keeps more than deletion away'),
  ];
};

/** Somebody is told before the month is over. */
export const budgetTells: Invariant = (prediction) => {
  const budgets = ofType(prediction, 'Microsoft.Consumption/budgets');
  return [
    ...(budgets.length === 1 ? [] : ['there is not one budget']),
    ...each(
      budgets,
      ({ amount, timeGrain, notifications }) =>
        amount > 0 &&
        timeGrain === 'Monthly' &&
        ['Actual', 'Forecasted'].every((type) =>
          Object.values<{ thresholdType: string; enabled: boolean; contactEmails: string[] }>(
            notifications,
          ).some(
            (one) =>
              one.thresholdType === type && one.enabled && one.contactEmails.some((mail) => mail !== ''),
          ),
        ),
      'tells nobody of what was spent, or of what will be',
    ),
  ];
};

/** Changes of schema and roles are audited from then on. */
export const auditIsOn: Invariant = (prediction) => {
  const value = ofType(prediction, TYPES.databaseSetting).find(({ name }) => name.endsWith('/pgaudit.log'))
    ?.properties?.['value'];
  return /^ddl,role$/.test(value ?? '') ? [] : [`pgaudit.log is ${value}`];
};
