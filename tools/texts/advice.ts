import { faultOf } from '../../shared/contracts/found.ts';
import type { RejectionReason } from '../../shared/contracts/rejection.ts';
import type { Texts } from './catalogue.ts';

/** What to do about a dead letter: by the form that arrived where a profile can read it, else by the reason. */
export function adviceOn(texts: Texts, reason: string, detail: string): string | undefined {
  const { section } = faultOf(detail);
  return section === null
    ? texts.advice[reason as RejectionReason]
    : texts.adviceOfForm.replace('{section}', section);
}
