import type { Format } from '../../topicCheck/formats.ts';
import type { Finding, ProfileReport, Ratio, TopicReport } from '../../topicCheck/report.ts';

/** Everything that a report says, in one language. */
export interface Words {
  readonly percent: (share: number) => string;
  readonly title: (topic: string) => string;
  readonly verdict: Readonly<Record<TopicReport['verdict'], string>>;
  readonly samples: (report: TopicReport['samples']) => string;
  readonly guessed: string;
  readonly notAllMembers: string;
  /** The path to the record in a message. */
  readonly envelope: (path: string) => string;
  /** The zone of times without an offset. */
  readonly zone: (zone: string) => string;
  readonly heading: Readonly<
    Record<
      'asks' | 'wishes' | 'fields' | 'others' | 'profiles' | 'ratios' | 'history' | 'failures' | 'rules',
      string
    >
  >;
  readonly finding: (finding: Finding) => string;
  readonly format: Readonly<Record<Format, string>>;
  readonly column: Readonly<
    Record<
      | 'field'
      | 'need'
      | 'found'
      | 'share'
      | 'formats'
      | 'profile'
      | 'accepted'
      | 'lacks'
      | 'ratio'
      | 'forecast'
      | 'threshold'
      | 'ok'
      | 'reason'
      | 'detail'
      | 'count'
      | 'example',
      string
    >
  >;
  readonly need: Readonly<Record<'core' | 'wanted' | 'optional', string>>;
  readonly source: Readonly<Record<ProfileReport['source'], string>>;
  readonly ratio: Readonly<Record<Ratio['name'], string>>;
  readonly unsure: string;
  readonly notUsed: string;
  readonly yes: string;
  readonly no: string;
  readonly absent: string;
  readonly estimate: (oneIn: number) => string;
  readonly keys: (keys: NonNullable<TopicReport['keys']>) => readonly string[];
  readonly noKeys: string;
  readonly order: (order: TopicReport['order']) => readonly string[];
  readonly pairs: (pairs: NonNullable<TopicReport['pairs']>) => readonly string[];
  /** What values have to look like, for whoever writes a producer. */
  readonly rules: readonly string[];
}

/** `12.3 %`; small shares are not rounded to nothing, large ones not to all. */
export function percent(share: number): string {
  const value = share * 100;
  if (value === 0 || value === 100) return `${value} %`;
  if (value < 0.01) return '< 0.01 %';
  if (value > 99.99) return '> 99.99 %';
  return `${Number(value.toFixed(value < 1 || value > 99 ? 2 : 1))} %`;
}
