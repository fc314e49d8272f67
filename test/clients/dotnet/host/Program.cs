// What the Functions host does with the partitions of event hubs, by the host's own client: it shares them by load balancing,
// hands each batch to a worker, and stores a checkpoint when the worker is done with it. A batch is a line of JSON on the standard
// output: its bodies in base64, and the metadata as the Event Hubs extension (6.5) makes it. The answer is a line
// "HUB PARTITION ok" or "HUB PARTITION failed"; what failed is handed over again. It ends with its standard input.
//   dotnet Host.dll EVENT_HUBS STORAGE CONSUMER_GROUP HUB...
using System.Collections.Concurrent;
using Azure.Messaging.EventHubs;
using Azure.Messaging.EventHubs.Consumer;
using Azure.Messaging.EventHubs.Primitives;
using Azure.Messaging.EventHubs.Processor;
using Azure.Storage.Blobs;
using Newtonsoft.Json;

var (eventHubs, storage, group) = (args[0], args[1], args[2]);
var container = new BlobContainerClient(storage, "azure-webjobs-eventhub");
await container.CreateIfNotExistsAsync();
var store = new BlobCheckpointStore(container);
var worker = new Worker();
foreach (var hub in args[3..])
    await new Partitions(store, worker, group, eventHubs, hub).StartProcessingAsync();
await worker.ReadAnswers();

/// <summary>The program at the other end of the standard streams.</summary>
sealed class Worker
{
    readonly ConcurrentDictionary<string, TaskCompletionSource<bool>> running = new();
    readonly TextWriter output = TextWriter.Synchronized(Console.Out);

    /// <summary>Whether the worker has processed the batch.</summary>
    public Task<bool> Run(string hub, string partition, object batch)
    {
        var answer = new TaskCompletionSource<bool>(
            TaskCreationOptions.RunContinuationsAsynchronously
        );
        running[$"{hub} {partition}"] = answer;
        output.WriteLine(JsonConvert.SerializeObject(batch));
        return answer.Task;
    }

    public async Task ReadAnswers()
    {
        while (await Console.In.ReadLineAsync() is { } line)
        {
            var words = line.Split(' ');
            if (running.TryRemove($"{words[0]} {words[1]}", out var answer))
                answer.SetResult(words[2] == "ok");
        }
    }
}

/// <summary>The partitions of one hub that fall to this process.</summary>
sealed class Partitions(
    CheckpointStore store,
    Worker worker,
    string group,
    string connectionString,
    string hub
)
    : PluggableCheckpointStoreEventProcessor<EventProcessorPartition>(
        store,
        500,
        group,
        connectionString,
        hub,
        new EventProcessorOptions
        {
            DefaultStartingPosition = EventPosition.Earliest,
            PrefetchCount = 1000,
            // Short, so that what a killed process owned is soon taken over.
            LoadBalancingUpdateInterval = TimeSpan.FromSeconds(1),
            PartitionOwnershipExpirationInterval = TimeSpan.FromSeconds(5),
            LoadBalancingStrategy = LoadBalancingStrategy.Greedy,
        }
    )
{
    protected override async Task OnProcessingEventBatchAsync(
        IEnumerable<EventData> events,
        EventProcessorPartition partition,
        CancellationToken stop
    )
    {
        var batch = events.ToArray();
        if (batch.Length == 0)
            return;
        var id = partition.PartitionId;
        var message = new
        {
            hub,
            partition = id,
            bodies = batch.Select(e => e.EventBody.ToArray()),
            metadata = Metadata(batch, id),
        };
        while (!await worker.Run(hub, id, message))
            await Task.Delay(TimeSpan.FromSeconds(1), stop);
        if (!stop.IsCancellationRequested)
            await UpdateCheckpointAsync(id, CheckpointPosition.FromEvent(batch[^1]), stop);
    }

    protected override Task OnProcessingErrorAsync(
        Exception exception,
        EventProcessorPartition partition,
        string operation,
        CancellationToken stop
    ) => Console.Error.WriteLineAsync($"{hub} {partition?.PartitionId} {operation}: {exception.Message}");

    Dictionary<string, object> Metadata(EventData[] batch, string partition)
    {
        var context = Json(
            new
            {
                IsCheckpointingAfterInvocation = true,
                FullyQualifiedNamespace,
                EventHubName = hub,
                ConsumerGroup,
                PartitionId = partition,
            }
        );
        return new()
        {
            ["TriggerPartitionContext"] = context,
            ["PartitionContext"] = context,
            ["PartitionKeyArray"] = new
            {
                collectionString = new
                {
                    @string = batch
                        .Select(e => e.PartitionKey)
                        .Where(key => !string.IsNullOrEmpty(key)),
                },
            },
            ["OffsetArray"] = Integers(batch.Select(Offset)),
            ["SequenceNumberArray"] = Integers(batch.Select(e => e.SequenceNumber)),
            ["EnqueuedTimeUtcArray"] = Json(batch.Select(e => e.EnqueuedTime.DateTime)),
            ["PropertiesArray"] = Json(batch.Select(e => e.Properties)),
            ["SystemPropertiesArray"] = Json(batch.Select(SystemProperties)),
        };
    }

    static Dictionary<string, object> SystemProperties(EventData e) =>
        new(e.SystemProperties)
        {
            ["SequenceNumber"] = e.SequenceNumber,
            ["Offset"] = Offset(e),
            ["PartitionKey"] = e.PartitionKey,
            ["EnqueuedTimeUtc"] = e.EnqueuedTime.DateTime,
        };

    static long Offset(EventData e) => long.TryParse(e.OffsetString, out var offset) ? offset : -1;

    static object Integers(IEnumerable<long> values) =>
        new { collectionSint64 = new { sint64 = values } };

    static object Json(object value) => new { json = JsonConvert.SerializeObject(value) };
}
