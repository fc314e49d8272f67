import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, it } from 'vitest';
import { readEventHubsSettings } from '../../../tools/local/host/hostJson.ts';
import { readRetryPolicy } from '../../../tools/local/host/retryPolicy.ts';
import { readEventHubTrigger } from '../../../tools/local/host/triggerSettings.ts';

const folder = mkdtempSync(join(tmpdir(), 'host-configuration-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('host.json', () => {
  const read = (eventHubs: unknown, messages: string[] = []) => {
    const file = join(folder, 'host.json');
    writeFileSync(file, JSON.stringify({ version: '2.0', extensions: { eventHubs } }));
    return readEventHubsSettings(file, (_level, _category, message) => messages.push(message));
  };

  it('has the defaults of Azure Functions', () => {
    assert.deepEqual(read(undefined), {
      maxEventBatchSize: 100,
      prefetchCount: 300,
      prefetchSizeInBytes: undefined,
      loadBalancingUpdateIntervalMs: 30_000,
      partitionOwnershipExpirationIntervalMs: 120_000,
      initialPosition: { offset: '-1' },
    });
  });

  it('is read with its time spans and its start position', () => {
    const settings = read({
      loadBalancingUpdateInterval: '00:00:01.5',
      partitionOwnershipExpirationInterval: '1.02:03:04',
      initialOffsetOptions: { type: 'fromEnqueuedTime', enqueuedTimeUtc: '2026-11-22T13:47:05Z' },
    });
    assert.equal(settings.loadBalancingUpdateIntervalMs, 1_500);
    assert.equal(settings.partitionOwnershipExpirationIntervalMs, 93_784_000);
    assert.deepEqual(settings.initialPosition, { enqueuedOn: Date.parse('2026-11-22T13:47:05Z') });
    assert.deepEqual(read({ initialOffsetOptions: { type: 'fromEnd' } }).initialPosition, {
      offset: '@latest',
    });
  });

  it('is refused with the name of every value that is unknown or malformed', () => {
    const given = {
      maxEventBatchSize: 0,
      prefetchCount: '300',
      prefetchSizeInBytes: '8 MB',
      loadBalancingUpdateInterval: '30 s',
      partitionOwnershipExpirationInterval: '00:00:00',
      initialOffsetOptions: { type: 'middle' },
      batchCheckpointFrequency: 5,
      maxBatchSize: 10,
    };
    assert.throws(
      () => read(given),
      (error: Error) => Object.keys(given).every((name) => error.message.includes(name)),
    );
  });

  it('may hold settings that have no effect here, which is logged', () => {
    const messages: string[] = [];
    read({ targetUnprocessedEventThreshold: 1000 }, messages);
    assert.match(messages.join(), /targetUnprocessedEventThreshold is not applied/);
  });
});

describe('an Event Hubs trigger', () => {
  const read = (options: Record<string, unknown>, environment: NodeJS.ProcessEnv) => {
    const binding = {
      type: 'eventHubTrigger',
      direction: 'in',
      cardinality: 'many',
      dataType: 'binary',
      connection: 'EventHubs',
      eventHubName: '%TOPIC%',
      ...options,
    };
    return readEventHubTrigger({ name: 'f', bindings: { trigger1: binding } }, environment);
  };

  it('takes names from settings', () => {
    const trigger = read(
      { consumerGroup: 'cg-%STAGE%' },
      { EventHubs: 'Endpoint=x', TOPIC: 't', STAGE: 's' },
    );
    assert.deepEqual(trigger, {
      bindingName: 'trigger1',
      connectionString: 'Endpoint=x',
      eventHubName: 't',
      consumerGroup: 'cg-s',
    });
  });

  it('reads the default consumer group unless it names one', () => {
    assert.equal(read({}, { EventHubs: 'Endpoint=x', TOPIC: 't' }).consumerGroup, '$Default');
  });

  it('is refused when a setting is missing', () => {
    assert.throws(() => read({}, { EventHubs: 'Endpoint=x' }), /Function f: eventHubName .* TOPIC/);
    assert.throws(() => read({}, { TOPIC: 't' }), /Function f: EventHubs, .* is not set/);
  });

  it('is refused when it asks for an identity', () => {
    assert.throws(
      () => read({}, { TOPIC: 't', EventHubs__fullyQualifiedNamespace: 'n' }),
      /EventHubs__fullyQualifiedNamespace .* no identity/,
    );
  });

  it('is refused with other shapes of messages than this host makes', () => {
    const environment = { EventHubs: 'Endpoint=x', TOPIC: 't' };
    assert.throws(() => read({ cardinality: 'one' }, environment), /cardinality "many"/);
    assert.throws(() => read({ dataType: 'string' }, environment), /dataType "binary"/);
  });
});

describe('a retry policy', () => {
  it('with exponential backoff doubles its wait up to the maximum', () => {
    const policy = readRetryPolicy('f', {
      retryStrategy: 'exponentialBackoff',
      maxRetryCount: -1,
      minimumInterval: { seconds: 1 },
      maximumInterval: { seconds: 10 },
    });
    assert(policy);
    const third = policy.delayMs(3);
    assert(third >= 3_200 && third <= 4_800, `${third} ms`);
    assert.equal(policy.delayMs(1_000), 10_000);
  });

  it('with a fixed delay waits the same every time', () => {
    const policy = readRetryPolicy('f', {
      retryStrategy: 'fixedDelay',
      maxRetryCount: 3,
      delayInterval: { seconds: 2 },
    });
    assert.deepEqual([policy?.delayMs(1), policy?.delayMs(9)], [2_000, 2_000]);
  });

  it('is refused without its intervals', () => {
    const refused = (retryStrategy: string, given: object) =>
      assert.throws(() => readRetryPolicy('f', { retryStrategy, maxRetryCount: 1, ...given }), /Function f/);
    refused('fixedDelay', {});
    refused('exponentialBackoff', { minimumInterval: { seconds: 1 } });
    refused('never', {});
    refused('fixedDelay', { maxRetryCount: -2, delayInterval: { seconds: 1 } });
  });
});
