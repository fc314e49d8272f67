import { convergenceTest } from './property.ts';

// `npm run test:convergence`: the property of convergence.test.ts, long enough to be believed.
convergenceTest(1000);
