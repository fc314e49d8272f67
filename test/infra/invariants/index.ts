import {
  connectionsFit,
  flexConsumption,
  hubsAndQueues,
  nothingThatFlexForbids,
  settingsAreThoseOfTheProduct,
  userIdsAreHashed,
} from './app.ts';
import type { Invariant } from './invariant.ts';
import { appIsInTheNetwork, closedIsReachable, publicAccessClosed, subnetsAreGuarded } from './network.ts';
import {
  alertsFollowTheFile,
  databaseIsWatched,
  diagnosticsAreKept,
  metricsAreInTheCatalogue,
  namesFit,
  survivesAZone,
} from './operations.ts';
import { appHasItsRoles, rolesAreNarrow } from './roles.ts';
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
  rolesAreNarrow,
  appHasItsRoles,
  settingsAreThoseOfTheProduct,
  userIdsAreHashed,
  nothingThatFlexForbids,
  flexConsumption,
  hubsAndQueues,
  connectionsFit,
  databaseIsWatched,
  survivesAZone,
  diagnosticsAreKept,
  alertsFollowTheFile,
  metricsAreInTheCatalogue,
  namesFit,
} satisfies Readonly<Record<string, Invariant>>;

export type InvariantName = keyof typeof INVARIANTS;
