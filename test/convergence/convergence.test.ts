import { convergenceTest } from './property.ts';

convergenceTest(60);
