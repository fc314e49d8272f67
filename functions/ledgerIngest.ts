import { app } from '@azure/functions';
import { eventHubIngest } from './eventHubIngest.ts';

/** Ledger entries → bo.ledger_entries and the pairs that they belong to. */
app.eventHub('ledgerIngest', eventHubIngest('ledger'));
