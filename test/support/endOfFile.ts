import { after } from 'node:test';

// Loaded before every test file. When its tests and hooks are over and its results are out, the process ends without Node's own
// clean-up, which has been seen to spin after connections were cut. (--test-force-exit ends it before the results are out.)
after(() => {
  process.once('exit', () => process.exit());
});
