// Checks of an Event Hubs endpoint with Azure.Messaging.EventHubs, the client of the Functions host. One line a check; exit code
// 0 where all pass. It writes to the hub, which needs four partitions.
//   dotnet EventHubs.dll CONNECTION_STRING HUB
using System.Diagnostics;
using Azure.Messaging.EventHubs;
using Azure.Messaging.EventHubs.Consumer;
using Azure.Messaging.EventHubs.Primitives;
using Azure.Messaging.EventHubs.Producer;

var (cs, hub) = (args[0], args[1]);
var retry = new EventHubsRetryOptions
{
    MaximumRetries = 1,
    TryTimeout = TimeSpan.FromSeconds(10),
    Delay = TimeSpan.FromMilliseconds(100),
};
int failed = 0,
    passed = 0;
async Task Check(string name, Func<Task<string>> f)
{
    var w = Stopwatch.StartNew();
    try
    {
        var r = await f().WaitAsync(TimeSpan.FromSeconds(90));
        passed++;
        Console.WriteLine($"ok    {name}: {r} ({w.ElapsedMilliseconds} ms)");
    }
    catch (Exception e)
    {
        failed++;
        Console.WriteLine(
            $"FAIL  {name}: {e.GetType().Name}{(e is EventHubsException x ? "/" + x.Reason : "")}: {e.Message.Split('\n')[0]} ({w.ElapsedMilliseconds} ms)"
        );
    }
}
EventHubProducerClient Producer() =>
    new(cs, hub, new EventHubProducerClientOptions { RetryOptions = retry });
PartitionReceiver Receiver(
    string p,
    EventPosition pos,
    string g = "checks",
    long? owner = null,
    bool track = true
) =>
    new(
        g,
        p,
        pos,
        cs,
        hub,
        new PartitionReceiverOptions
        {
            RetryOptions = retry,
            OwnerLevel = owner,
            TrackLastEnqueuedEventProperties = track,
            PrefetchCount = 300,
        }
    );
async Task<List<EventData>> Read(PartitionReceiver r, int n, int seconds = 8)
{
    var all = new List<EventData>();
    var w = Stopwatch.StartNew();
    while (all.Count < n && w.Elapsed.TotalSeconds < seconds)
        all.AddRange(
            await r.ReceiveBatchAsync(Math.Min(n - all.Count, 500), TimeSpan.FromSeconds(1))
        );
    return all;
}
void Is(bool b, string what)
{
    if (!b)
        throw new Exception("not as expected: " + what);
}

await Check(
    "hub-properties",
    async () =>
    {
        await using var p = Producer();
        var q = await p.GetEventHubPropertiesAsync();
        return $"{q.Name} created {q.CreatedOn:O} partitions {string.Join(",", q.PartitionIds)} georep {q.IsGeoReplicationEnabled}";
    }
);
await Check(
    "partition-properties",
    async () =>
    {
        await using var p = Producer();
        var q = await p.GetPartitionPropertiesAsync("0");
        return $"{q.Id} begin {q.BeginningSequenceNumber} last {q.LastEnqueuedSequenceNumber} offset '{q.LastEnqueuedOffsetString}' at {q.LastEnqueuedTime:O} empty {q.IsEmpty}";
    }
);
await Check(
    "partition-properties-unknown-partition",
    async () =>
    {
        await using var p = Producer();
        try
        {
            await p.GetPartitionPropertiesAsync("99");
        }
        catch (Exception e)
        {
            return $"{e.GetType().Name} {e.Message.Split('\n')[0]}";
        }
        throw new Exception("no error");
    }
);
await Check(
    "unknown-hub",
    async () =>
    {
        await using var p = new EventHubProducerClient(
            cs,
            "nosuchhub",
            new EventHubProducerClientOptions { RetryOptions = retry }
        );
        try
        {
            await p.GetEventHubPropertiesAsync();
        }
        catch (EventHubsException e)
        {
            Is(e.Reason == EventHubsException.FailureReason.ResourceNotFound, e.Reason.ToString());
            return $"{e.Reason}";
        }
        throw new Exception("no error");
    }
);
await Check(
    "unknown-hub-send",
    async () =>
    {
        await using var p = new EventHubProducerClient(
            cs,
            "nosuchhub",
            new EventHubProducerClientOptions { RetryOptions = retry }
        );
        try
        {
            await p.SendAsync([new EventData("x")]);
        }
        catch (EventHubsException e)
        {
            Is(e.Reason == EventHubsException.FailureReason.ResourceNotFound, e.Reason.ToString());
            return $"{e.Reason}";
        }
        throw new Exception("no error");
    }
);
await Check(
    "wrong-key",
    async () =>
    {
        await using var p = new EventHubProducerClient(
            cs.Replace("SAS_KEY_VALUE", "WRONG"),
            hub,
            new EventHubProducerClientOptions { RetryOptions = retry }
        );
        try
        {
            await p.SendAsync([new EventData("x")]);
        }
        catch (Exception e)
        {
            return $"{e.GetType().Name}";
        }
        throw new Exception("no error");
    }
);
await Check(
    "send-one",
    async () =>
    {
        await using var p = Producer();
        var before = await p.GetPartitionPropertiesAsync("0");
        await p.SendAsync([new EventData("one")], new SendEventOptions { PartitionId = "0" });
        await using var r = Receiver(
            "0",
            EventPosition.FromSequenceNumber(before.LastEnqueuedSequenceNumber, false)
        );
        var e = await Read(r, 1);
        Is(e.Count == 1 && e[0].EventBody.ToString() == "one", $"{e.Count} events");
        return $"seq {e[0].SequenceNumber} offset '{e[0].OffsetString}'";
    }
);
await Check(
    "send-batch-of-one",
    async () =>
    {
        await using var p = Producer();
        using var b = await p.CreateBatchAsync(new CreateBatchOptions { PartitionKey = "k1" });
        Is(b.TryAdd(new EventData("b1")), "add");
        await p.SendAsync(b);
        return "sent with a key";
    }
);
await Check(
    "send-many-with-key",
    async () =>
    {
        await using var p = Producer();
        using var b = await p.CreateBatchAsync(new CreateBatchOptions { PartitionKey = "clé-☃" });
        for (var i = 0; i < 100; i++)
            Is(b.TryAdd(new EventData($"{{\"n\":{i}}}")), "add");
        await p.SendAsync(b);
        foreach (var id in await p.GetPartitionIdsAsync())
        {
            var q = await p.GetPartitionPropertiesAsync(id);
            if (q.IsEmpty)
                continue;
            await using var r = Receiver(
                id,
                EventPosition.FromSequenceNumber(
                    Math.Max(0, q.LastEnqueuedSequenceNumber - 99),
                    true
                )
            );
            var e = await Read(r, 100, 3);
            if (e.Count == 100 && e.All(x => x.PartitionKey == "clé-☃"))
                return $"all 100 in partition {id}, key kept";
        }
        throw new Exception("not found");
    }
);
await Check(
    "amqp-types",
    async () =>
    {
        await using var p = Producer();
        var before = await p.GetPartitionPropertiesAsync("1");
        var d = new EventData(new byte[] { 0, 1, 255 })
        {
            ContentType = "application/x",
            CorrelationId = "corr",
            MessageId = "mid",
        };
        var props = new Dictionary<string, object>
        {
            ["s"] = "text",
            ["b"] = true,
            ["byte"] = (byte)200,
            ["sbyte"] = (sbyte)-3,
            ["short"] = (short)-300,
            ["ushort"] = (ushort)60000,
            ["int"] = -5,
            ["uint"] = 4000000000u,
            ["long"] = -9007199254740993L,
            ["ulong"] = 18446744073709551615ul,
            ["float"] = 1.5f,
            ["double"] = 3.25,
            ["decimal"] = 12.50m,
            ["char"] = 'é',
            ["guid"] = Guid.Parse("6f9619ff-8b86-d011-b42d-00c04fc964ff"),
            ["date"] = new DateTime(2026, 1, 2, 3, 4, 5, 678, DateTimeKind.Utc),
            ["dto"] = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
            ["span"] = TimeSpan.FromMinutes(61),
            ["uri"] = new Uri("https://example.org/x"),
            ["bytes"] = new byte[] { 1, 2, 254 },
            ["empty"] = "",
            ["X-Correlation-Id"] = "CID-1",
        };
        foreach (var (k, v) in props)
            d.Properties[k] = v;
        await p.SendAsync([d, new EventData("second")], new SendEventOptions { PartitionId = "1" });
        await using var r = Receiver(
            "1",
            EventPosition.FromSequenceNumber(before.LastEnqueuedSequenceNumber, false)
        );
        var e = await Read(r, 2);
        Is(e.Count == 2, $"{e.Count}");
        var bad = props
            .Where(kv =>
                !e[0].Properties.TryGetValue(kv.Key, out var got)
                || !(
                    got is byte[] a && kv.Value is byte[] c
                        ? a.SequenceEqual(c)
                        : Equals(got, kv.Value)
                )
            )
            .Select(kv =>
                $"{kv.Key}={(e[0].Properties.TryGetValue(kv.Key, out var g) ? g + ":" + g?.GetType().Name : "absent")}"
            )
            .ToList();
        Is(
            e[0].ContentType == "application/x"
                && e[0].CorrelationId == "corr"
                && e[0].MessageId == "mid",
            "message properties"
        );
        Is(bad.Count == 0, string.Join(", ", bad));
        return $"{props.Count} types; system keys {string.Join(",", e[0].SystemProperties.Keys)}";
    }
);
await Check(
    "body-value-sequence",
    async () =>
    {
        await using var p = Producer();
        var before = await p.GetPartitionPropertiesAsync("2");
        var v = new EventData("x");
        var a = v.GetRawAmqpMessage();
        a.Body = Azure.Core.Amqp.AmqpMessageBody.FromValue("a value");
        var s = new EventData("x");
        s.GetRawAmqpMessage().Body = Azure.Core.Amqp.AmqpMessageBody.FromSequence([
            [1, "two"],
        ]);
        await p.SendAsync([v, s], new SendEventOptions { PartitionId = "2" });
        await using var r = Receiver(
            "2",
            EventPosition.FromSequenceNumber(before.LastEnqueuedSequenceNumber, false)
        );
        var e = await Read(r, 2);
        return string.Join(", ", e.Select(x => x.GetRawAmqpMessage().Body.BodyType));
    }
);
await Check(
    "empty-body",
    async () =>
    {
        await using var p = Producer();
        var before = await p.GetPartitionPropertiesAsync("2");
        await p.SendAsync(
            [new EventData(""), new EventData(BinaryData.FromBytes([]))],
            new SendEventOptions { PartitionId = "2" }
        );
        await using var r = Receiver(
            "2",
            EventPosition.FromSequenceNumber(before.LastEnqueuedSequenceNumber, false)
        );
        var e = await Read(r, 2);
        Is(e.Count == 2 && e.All(x => x.EventBody.ToMemory().Length == 0), "bodies");
        return "2 empty bodies";
    }
);
await Check(
    "positions",
    async () =>
    {
        await using var p = Producer();
        for (var i = 0; i < 5; i++)
            await p.SendAsync(
                [new EventData($"p{i}"), new EventData($"q{i}")],
                new SendEventOptions { PartitionId = "3" }
            );
        var q = await p.GetPartitionPropertiesAsync("3");
        long last = q.LastEnqueuedSequenceNumber;
        var o = new List<string>();
        async Task<List<EventData>> At(EventPosition pos, int n)
        {
            await using var r = Receiver("3", pos);
            return await Read(r, n, 3);
        }
        var all = await At(EventPosition.Earliest, (int)(last - q.BeginningSequenceNumber + 1));
        Is(
            all[0].SequenceNumber == q.BeginningSequenceNumber && all[^1].SequenceNumber == last,
            "earliest"
        );
        var e = all[^4];
        Is(
            (await At(EventPosition.FromSequenceNumber(e.SequenceNumber, true), 4))[
                0
            ].SequenceNumber == e.SequenceNumber,
            "sequence inclusive"
        );
        Is(
            (await At(EventPosition.FromSequenceNumber(e.SequenceNumber, false), 3))[
                0
            ].SequenceNumber
                == e.SequenceNumber + 1,
            "sequence exclusive"
        );
        Is(
            (await At(EventPosition.FromOffset(e.OffsetString, true), 4))[0].SequenceNumber
                == e.SequenceNumber,
            "offset inclusive"
        );
        Is(
            (await At(EventPosition.FromOffset(e.OffsetString, false), 3))[0].SequenceNumber
                == e.SequenceNumber + 1,
            "offset exclusive"
        );
        var t = await At(EventPosition.FromEnqueuedTime(e.EnqueuedTime), 1);
        o.Add($"time of {e.SequenceNumber} -> {t.FirstOrDefault()?.SequenceNumber}");
        var f = await At(EventPosition.FromEnqueuedTime(DateTimeOffset.UtcNow.AddHours(1)), 1);
        o.Add($"time in an hour -> {f.Count} events");
        await using var latest = Receiver("3", EventPosition.Latest);
        Is((await Read(latest, 1, 1)).Count == 0, "latest is empty");
        await p.SendAsync([new EventData("new")], new SendEventOptions { PartitionId = "3" });
        var nw = await Read(latest, 1);
        Is(nw.Count == 1 && nw[0].EventBody.ToString() == "new", "latest sees the new one");
        return string.Join("; ", o);
    }
);
await Check(
    "position-beyond-end",
    async () =>
    {
        await using var p = Producer();
        var q = await p.GetPartitionPropertiesAsync("3");
        await using var r = Receiver(
            "3",
            EventPosition.FromSequenceNumber(q.LastEnqueuedSequenceNumber + 1000, true)
        );
        try
        {
            var e = await r.ReceiveBatchAsync(1, TimeSpan.FromSeconds(2));
            throw new Exception($"{e.Count()} events, no error");
        }
        catch (ArgumentException e)
        {
            Is(e.Message.Contains("The last sequence number in the system is"), e.Message);
            return e.GetType().Name;
        }
    }
);
await Check(
    "last-enqueued-properties",
    async () =>
    {
        await using var p = Producer();
        await using var r = Receiver("3", EventPosition.Earliest);
        var e = await Read(r, 1);
        var l = r.ReadLastEnqueuedEventProperties();
        var q = await p.GetPartitionPropertiesAsync("3");
        Is(
            l.SequenceNumber == q.LastEnqueuedSequenceNumber,
            $"{l.SequenceNumber} is not {q.LastEnqueuedSequenceNumber}"
        );
        return $"seq {l.SequenceNumber} offset '{l.OffsetString}' at {l.EnqueuedTime:O} received {l.LastReceivedTime:O}";
    }
);
await Check(
    "oversize",
    async () =>
    {
        await using var p = Producer();
        using var b = await p.CreateBatchAsync();
        Is(!b.TryAdd(new EventData(new byte[2_000_000])), "fits?");
        try
        {
            await p.SendAsync([new EventData(new byte[2_000_000])]);
        }
        catch (EventHubsException e)
        {
            return $"{e.Reason}; batch maximum {b.MaximumSizeInBytes}";
        }
        throw new Exception("no error");
    }
);
await Check(
    "near-limit",
    async () =>
    {
        await using var p = Producer();
        var before = await p.GetPartitionPropertiesAsync("0");
        using var b = await p.CreateBatchAsync(new CreateBatchOptions { PartitionId = "0" });
        var n = 0;
        while (b.TryAdd(new EventData(new byte[1000])))
            n++;
        await p.SendAsync(b);
        await using var r = Receiver(
            "0",
            EventPosition.FromSequenceNumber(before.LastEnqueuedSequenceNumber, false)
        );
        var e = await Read(r, n);
        Is(e.Count == n, $"{e.Count} of {n}");
        return $"{n} events, {b.SizeInBytes} of {b.MaximumSizeInBytes} bytes";
    }
);
await Check(
    "one-large",
    async () =>
    {
        await using var p = Producer();
        var before = await p.GetPartitionPropertiesAsync("0");
        await p.SendAsync(
            [new EventData(new byte[1_000_000])],
            new SendEventOptions { PartitionId = "0" }
        );
        await using var r = Receiver(
            "0",
            EventPosition.FromSequenceNumber(before.LastEnqueuedSequenceNumber, false)
        );
        var e = await Read(r, 1);
        Is(e.Count == 1 && e[0].EventBody.ToMemory().Length == 1_000_000, $"{e.Count}");
        return "1,000,000 bytes";
    }
);
await Check(
    "epoch-stealing",
    async () =>
    {
        await using var a = Receiver("1", EventPosition.Earliest, "epochs", 1);
        await Read(a, 1);
        await using var b = Receiver("1", EventPosition.Earliest, "epochs", 2);
        Is((await Read(b, 1)).Count == 1, "b reads");
        var o = new List<string>();
        try
        {
            for (var i = 0; i < 20; i++)
                await a.ReceiveBatchAsync(1, TimeSpan.FromMilliseconds(200));
            o.Add("a goes on");
        }
        catch (EventHubsException e)
        {
            o.Add("a: " + e.Reason);
        }
        await using var c = Receiver("1", EventPosition.Earliest, "epochs", 1);
        try
        {
            await c.ReceiveBatchAsync(1, TimeSpan.FromSeconds(1));
            o.Add("lower epoch let in");
        }
        catch (EventHubsException e)
        {
            o.Add("lower: " + e.Reason);
        }
        await using var d = Receiver("1", EventPosition.Earliest, "epochs");
        try
        {
            await d.ReceiveBatchAsync(1, TimeSpan.FromSeconds(1));
            o.Add("no epoch let in");
        }
        catch (EventHubsException e)
        {
            o.Add("no epoch: " + e.Reason);
        }
        return string.Join("; ", o);
    }
);
await Check(
    "same-epoch",
    async () =>
    {
        await using var a = Receiver("2", EventPosition.Earliest, "epochs2", 0);
        await Read(a, 1);
        await using var b = Receiver("2", EventPosition.Earliest, "epochs2", 0);
        Is((await Read(b, 1)).Count == 1, "b reads");
        try
        {
            for (var i = 0; i < 20; i++)
                await a.ReceiveBatchAsync(1, TimeSpan.FromMilliseconds(200));
            return "a goes on";
        }
        catch (EventHubsException e)
        {
            return "a: " + e.Reason;
        }
    }
);
await Check(
    "six-readers",
    async () =>
    {
        var rs = Enumerable
            .Range(0, 6)
            .Select(_ => Receiver("3", EventPosition.Earliest, "six"))
            .ToList();
        try
        {
            var n = 0;
            foreach (var r in rs)
            {
                try
                {
                    n +=
                        (await r.ReceiveBatchAsync(1, TimeSpan.FromSeconds(1))).Count() > 0 ? 1 : 0;
                }
                catch (EventHubsException e)
                {
                    return $"reader {n + 1}: {e.Reason}";
                }
            }
            return $"{n} readers let in";
        }
        finally
        {
            foreach (var r in rs)
                await r.DisposeAsync();
        }
    }
);
await Check(
    "consumer-client-all-partitions",
    async () =>
    {
        await using var c = new EventHubConsumerClient(
            "all",
            cs,
            hub,
            new EventHubConsumerClientOptions { RetryOptions = retry }
        );
        var n = 0;
        var parts = new HashSet<string>();
        await foreach (
            var e in c.ReadEventsAsync(
                startReadingAtEarliestEvent: true,
                new ReadEventOptions { MaximumWaitTime = TimeSpan.FromSeconds(2) }
            )
        )
        {
            if (e.Data == null)
                break;
            n++;
            parts.Add(e.Partition.PartitionId);
        }
        return $"{n} events of {parts.Count} partitions";
    }
);
await Check(
    "buffered-producer",
    async () =>
    {
        var sent = 0;
        var errors = 0;
        await using (var p = new EventHubBufferedProducerClient(cs, hub))
        {
            p.SendEventBatchSucceededAsync += a =>
            {
                Interlocked.Add(ref sent, a.EventBatch.Count);
                return Task.CompletedTask;
            };
            p.SendEventBatchFailedAsync += a =>
            {
                Interlocked.Increment(ref errors);
                return Task.CompletedTask;
            };
            for (var i = 0; i < 500; i++)
                await p.EnqueueEventAsync(
                    new EventData($"{i}"),
                    new EnqueueEventOptions { PartitionKey = $"k{i % 20}" }
                );
            await p.FlushAsync();
        }
        Is(sent == 500 && errors == 0, $"{sent} sent, {errors} errors");
        return "500 with 20 keys";
    }
);
await Check(
    "throughput",
    async () =>
    {
        await using var p = Producer();
        var before = await p.GetPartitionPropertiesAsync("2");
        var w = Stopwatch.StartNew();
        var total = 0;
        for (var k = 0; k < 40; k++)
        {
            using var b = await p.CreateBatchAsync(new CreateBatchOptions { PartitionId = "2" });
            for (var i = 0; i < 500; i++)
                if (b.TryAdd(new EventData(new byte[400])))
                    total++;
            await p.SendAsync(b);
        }
        var s = w.Elapsed.TotalSeconds;
        w.Restart();
        await using var r = Receiver(
            "2",
            EventPosition.FromSequenceNumber(before.LastEnqueuedSequenceNumber, false),
            track: false
        );
        var e = await Read(r, total, 30);
        Is(
            e.Count == total
                && e.Zip(e.Skip(1)).All(x => x.Second.SequenceNumber == x.First.SequenceNumber + 1),
            $"{e.Count} of {total}"
        );
        return $"{total} events: sent {total / s:N0}/s, read {total / w.Elapsed.TotalSeconds:N0}/s";
    }
);
Console.WriteLine($"{passed} passed, {failed} failed");
return failed == 0 ? 0 : 1;
