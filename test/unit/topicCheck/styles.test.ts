import assert from 'node:assert/strict';
import { test } from 'vitest';
import { checkStyle, TOPIC_STYLES } from '../../support/topicStyles.ts';

for (const style of TOPIC_STYLES) {
  const { samples, options, topic, verdict, profile, asks } = style;
  test(`${samples}${options === undefined ? '' : ` ${JSON.stringify(options)}`}: ${verdict}`, async () => {
    const { report } = await checkStyle(style);
    assert.deepEqual(
      {
        topic: report.topic,
        verdict: report.verdict,
        profile: report.best_profile,
        asks: report.asks.map(({ code, field }) => (field === undefined ? code : `${code} ${field}`)),
      },
      { topic, verdict, profile, asks },
    );
    const best = report.profiles.find(({ id }) => id === profile)!;
    if (verdict !== 'ask_producer') assert.equal(best.share, 1);
  });
}
