import type { RejectionReason } from '../../shared/contracts/rejection.ts';
import type { DoctorText, Part } from './doctor/en.ts';
import type { ExplainText } from './explain/en.ts';
import type { ReportText } from './report/en.ts';
import type { ViewText } from './view/en.ts';

/** Everything that is said to people, in one language. `{name}` stands for a value. */
export interface Texts {
  readonly view: Readonly<Record<ViewText, string>>;
  readonly doctor: Readonly<Record<DoctorText, string>>;
  /** The parts that `doctor` looks at. */
  readonly part: Readonly<Record<Part, string>>;
  readonly explain: Readonly<Record<ExplainText, string>>;
  /** Of `gaps`, `windows` and `reconcile`. */
  readonly report: Readonly<Record<ReportText, string>>;
  /** What a reason for a dead letter means (SPEC 2.3). */
  readonly reason: Readonly<Record<RejectionReason, string>>;
  /** What to do about a dead letter, by its reason. */
  readonly advice: Readonly<Record<RejectionReason, string>>;
  /** What to do where a profile can read what arrived; `{section}` of docs/profiles.md. */
  readonly adviceOfForm: string;
  /** By the name of the alert. */
  readonly alert: Readonly<Record<string, string>>;
}
