import { app } from '@azure/functions';
import { eventHubIngest } from './eventHubIngest.ts';
import { settings } from './runtime.ts';

/** Control totals of the source → sync.source_totals; optional: an empty CONTROL_TOPIC switches it off (SPEC 15). */
if (settings.topics.control !== '') app.eventHub('controlIngest', eventHubIngest('control'));
