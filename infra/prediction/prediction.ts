/** A resource as the compiler predicts it. Its properties are what the resource type says. */
export interface Resource {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly apiVersion: string;
  readonly kind?: string;
  readonly sku?: Properties;
  readonly identity?: Properties;
  readonly properties?: Properties;
}

// biome-ignore lint/suspicious/noExplicitAny: JSON of some eighty resource types; a wrong path fails the assertion on its value.
export type Properties = Readonly<Record<string, any>>;

/** What a parameter file leads to. */
export interface Prediction {
  readonly resources: readonly Resource[];
  readonly outputs: Properties;
  /** All of it, for what must not be anywhere. */
  readonly text: string;
}

/** The public cloud, in place of what the compiler leaves open. */
const SUFFIXES = {
  'environment().suffixes.storage': "'core.windows.net'",
  'environment().suffixes.keyvaultDns': "'.vault.azure.net'",
};
const LITERAL = "'([^']*)'";

/**
 * Reads a snapshot, and works out the expressions that only wait for the name of the cloud: names and ids of DNS zones, addresses
 * of blobs and vault. What is known only in Azure (`reference(...)`) stays an expression.
 */
export function readPrediction(snapshot: string): Prediction {
  let text = snapshot;
  for (const [expression, literal] of Object.entries(SUFFIXES)) text = text.replaceAll(expression, literal);
  for (let before = ''; before !== text; ) {
    before = text;
    text = text
      .replace(/format\('([^']*)'((?:, '[^']*')+)\)/g, (_, form: string, values: string) => {
        const literals = literalsOf(values);
        return `'${form.replace(/\{(\d+)\}/g, (_, index: string) => literals[Number(index)] ?? '')}'`;
      })
      .replace(
        new RegExp(`replace\\(${LITERAL}, ${LITERAL}, ${LITERAL}\\)`, 'g'),
        (_, value: string, from: string, to: string) => `'${value.replaceAll(from, to)}'`,
      )
      .replace(
        new RegExp(`extensionResourceId\\(${LITERAL}, ${LITERAL}, ${LITERAL}\\)`, 'g'),
        (_, scope: string, type: string, name: string) => `'${scope}/providers/${type}/${name}'`,
      )
      .replace(
        new RegExp(`resourceId\\(${LITERAL}, ${LITERAL}, ${LITERAL}, ${LITERAL}\\)`, 'g'),
        (_, subscription: string, group: string, type: string, name: string) =>
          `'/subscriptions/${subscription}/resourceGroups/${group}/providers/${type}/${name}'`,
      );
  }
  text = text.replace(/"\['([^']*)'\]"/g, '"$1"');
  const { predictedResources, outputs } = JSON.parse(text) as {
    predictedResources: Resource[];
    outputs: Properties;
  };
  return { resources: predictedResources, outputs, text };
}

function literalsOf(list: string): string[] {
  return [...list.matchAll(/'([^']*)'/g)].map(([, value]) => value ?? '');
}
