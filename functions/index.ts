/** The entry of the package: loading a file registers its function. */
import './ledgerIngest.ts';
import './orderIngest.ts';
import './pairIngest.ts';
import './controlIngest.ts';
import './dlqReplay.ts';
import './syncMetrics.ts';
