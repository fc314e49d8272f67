import { app } from '@azure/functions';
import { eventHubIngest } from './eventHubIngest.ts';
import { settings } from './runtime.ts';

/** Confirmed pairs of the upstream service; optional: an empty PAIR_TOPIC switches it off (SPEC 2.1). */
if (settings.topics.pair !== '') app.eventHub('pairIngest', eventHubIngest('pair'));
