import { say } from './words.js';

/** What a replay came to, or would come to. */
export function outcomeText({ kind, error, detail, because }) {
  switch (kind) {
    case 'stored':
      return say('wouldBeStored');
    case 'refused':
      return say('stillRefused', { error, detail });
    case 'left alone':
      return say('leftAlone');
    default:
      return say('notTried', { because });
  }
}
