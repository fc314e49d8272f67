import type { Prediction, Properties } from '../../../infra/prediction/prediction.ts';
import { PROVIDERS } from '../../../infra/providers.ts';
import { type Invariant, ofType, TYPES } from './invariant.ts';

/** Always registered. */
const BUILT_IN = ['Microsoft.Authorization', 'Microsoft.Resources'];

/** The resource providers that a prediction needs: of its resources, and of the services that its subnets are delegated to. */
export function providersOf(prediction: Prediction): string[] {
  const subnets = ofType(prediction, TYPES.network).flatMap<{ properties: Properties }>(
    ({ properties }) => properties?.['subnets'] ?? [],
  );
  const delegations = subnets.flatMap(({ properties }) =>
    (properties['delegations'] ?? []).map(
      (one: { properties: { serviceName: string } }): string => one.properties.serviceName,
    ),
  );
  const names = [...prediction.resources.map(({ type }) => type), ...delegations].map(
    (type) => type.split('/')[0]!,
  );
  return [...new Set(names)].filter((name) => !BUILT_IN.includes(name)).sort();
}

/** Whoever deploys to one resource group can't register a provider: the list that an owner registers has them all. */
export const providersAreListed: Invariant = (prediction) =>
  providersOf(prediction)
    .filter((name) => !PROVIDERS.some((provider) => provider.name === name))
    .map((name) => `${name} is not in infra/providers.ts`);
