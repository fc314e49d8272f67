import {
  connectionsFit,
  flexConsumption,
  hubsAndQueues,
  nodeArgumentsNeedKeptInstances,
  nothingThatFlexForbids,
  settingsAreThoseOfTheProduct,
  userIdsAreHashed,
} from './app.ts';
import type { Invariant } from './invariant.ts';
import {
  appIsInTheNetwork,
  closedIsReachable,
  platformIsReachable,
  publicAccessClosed,
  subnetsAreGuarded,
} from './network.ts';
import {
  alertsFollowTheFile,
  databaseDiskIsPlanned,
  databaseIsWatched,
  diagnosticsAreKept,
  metricsAreInTheCatalogue,
  namesFit,
  oneMinuteQueriesReadOneTable,
  platformIsWatched,
  survivesAZone,
} from './operations.ts';
import { providersAreListed } from './providers.ts';
import { appHasItsRoles, operatorsMoveCheckpoints, rolesAreNarrow } from './roles.ts';
import { localAuthOff, noSecret, telemetryNeedsAToken, tlsAtLeast12, vaultIsProtected } from './secrets.ts';

/** What holds for every prediction. One that is about private networks or redundancy looks at what the file is meant to be. */
export const INVARIANTS = {
  noSecret,
  localAuthOff,
  telemetryNeedsAToken,
  vaultIsProtected,
  tlsAtLeast12,
  publicAccessClosed,
  closedIsReachable,
  appIsInTheNetwork,
  subnetsAreGuarded,
  platformIsReachable,
  rolesAreNarrow,
  appHasItsRoles,
  operatorsMoveCheckpoints,
  settingsAreThoseOfTheProduct,
  userIdsAreHashed,
  nothingThatFlexForbids,
  flexConsumption,
  nodeArgumentsNeedKeptInstances,
  hubsAndQueues,
  connectionsFit,
  databaseDiskIsPlanned,
  databaseIsWatched,
  survivesAZone,
  diagnosticsAreKept,
  alertsFollowTheFile,
  oneMinuteQueriesReadOneTable,
  platformIsWatched,
  metricsAreInTheCatalogue,
  providersAreListed,
  namesFit,
} satisfies Readonly<Record<string, Invariant>>;

export type InvariantName = keyof typeof INVARIANTS;
