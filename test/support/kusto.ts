import { createRequire } from 'node:module';
import { TABLES } from '../../infra/alerts/schema.ts';

/** The few members of the language service that are used; its own declarations are 1.8 MB. */
interface Language {
  readonly KustoCode: { ParseAndAnalyze(text: string, globals: unknown): Code };
  readonly GlobalState: { readonly Default: unknown };
}
interface Code {
  GetDiagnostics(): unknown;
  readonly ResultType: { readonly Columns?: unknown } | null;
}

const require = createRequire(import.meta.url);
require('@kusto/language-service-next/bridge.js');
require('@kusto/language-service-next/Kusto.Language.Bridge.js');
const { Kusto, Bridge } = globalThis as unknown as {
  Kusto: { Language: Language };
  Bridge: { toArray<T>(list: unknown): T[] };
};

/** The tables as empty ones, in the language itself. */
const PRELUDE = Object.entries(TABLES)
  .map(([table, columns]) => {
    const declared = Object.entries(columns).map(([name, type]) => `${name}: ${type}`);
    return `let ${table} = datatable(${declared.join(', ')})[];`;
  })
  .join(' ');

/** What the language service of Kusto says of a query: its complaints, and its columns with their types. */
export function checkQuery(query: string): { problems: string[]; columns: Record<string, string> } {
  const { KustoCode, GlobalState } = Kusto.Language;
  const code = KustoCode.ParseAndAnalyze(`${PRELUDE}\n${query}`, GlobalState.Default);
  const problems = Bridge.toArray<{ Message: string; Start: number }>(code.GetDiagnostics()).map(
    ({ Message, Start }) => `${Message} (at ${Start - PRELUDE.length - 1})`,
  );
  const columns = Bridge.toArray<{ Name: string; Type: { Name: string } }>(code.ResultType?.Columns ?? []);
  return { problems, columns: Object.fromEntries(columns.map(({ Name, Type }) => [Name, Type.Name])) };
}
