import { app } from '@azure/functions';
import { eventHubIngest } from './eventHubIngest.ts';

/** Payment orders → bo.payment_orders and the pairs that they belong to. */
app.eventHub('orderIngest', eventHubIngest('payment_order'));
