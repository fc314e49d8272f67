using Azure;
using Azure.Messaging.EventHubs;
using Azure.Messaging.EventHubs.Consumer;
using Azure.Messaging.EventHubs.Primitives;
using Azure.Messaging.EventHubs.Processor;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

/// <summary>Owners and checkpoints as metadata of empty blobs, under the names that all clients of Event Hubs use.</summary>
sealed class BlobCheckpointStore(BlobContainerClient container) : CheckpointStore
{
    public override async Task<IEnumerable<EventProcessorPartitionOwnership>> ListOwnershipAsync(
        string ns,
        string hub,
        string group,
        CancellationToken stop
    )
    {
        var prefix = Name(ns, hub, group, "ownership", "");
        var found = new List<EventProcessorPartitionOwnership>();
        await foreach (
            var blob in container.GetBlobsAsync(
                BlobTraits.Metadata,
                BlobStates.None,
                prefix,
                stop
            )
        )
            found.Add(
                new EventProcessorPartitionOwnership
                {
                    FullyQualifiedNamespace = ns,
                    EventHubName = hub,
                    ConsumerGroup = group,
                    PartitionId = blob.Name[prefix.Length..],
                    OwnerIdentifier = blob.Metadata["ownerid"],
                    LastModifiedTime = blob.Properties.LastModified ?? default,
                    Version = blob.Properties.ETag.ToString(),
                }
            );
        return found;
    }

    public override async Task<IEnumerable<EventProcessorPartitionOwnership>> ClaimOwnershipAsync(
        IEnumerable<EventProcessorPartitionOwnership> wanted,
        CancellationToken stop
    )
    {
        var claimed = new List<EventProcessorPartitionOwnership>();
        foreach (var claim in wanted)
        {
            var name = Name(
                claim.FullyQualifiedNamespace,
                claim.EventHubName,
                claim.ConsumerGroup,
                "ownership",
                claim.PartitionId
            );
            var onlyIf = claim.Version is null
                ? new BlobRequestConditions { IfNoneMatch = ETag.All }
                : new BlobRequestConditions { IfMatch = new ETag(claim.Version) };
            try
            {
                var (etag, at) = await Write(
                    name,
                    new() { ["ownerid"] = claim.OwnerIdentifier },
                    onlyIf,
                    stop
                );
                (claim.Version, claim.LastModifiedTime) = (etag.ToString(), at);
                claimed.Add(claim);
            }
            catch (RequestFailedException e) when (e.Status is 409 or 412)
            {
                // Another host was faster.
            }
        }
        return claimed;
    }

    public override async Task<EventProcessorCheckpoint> GetCheckpointAsync(
        string ns,
        string hub,
        string group,
        string partition,
        CancellationToken stop
    )
    {
        try
        {
            var blob = container.GetBlobClient(Name(ns, hub, group, "checkpoint", partition));
            var metadata = (await blob.GetPropertiesAsync(cancellationToken: stop)).Value.Metadata;
            return new EventProcessorCheckpoint
            {
                FullyQualifiedNamespace = ns,
                EventHubName = hub,
                ConsumerGroup = group,
                PartitionId = partition,
                StartingPosition = EventPosition.FromOffset(metadata["offset"], false),
            };
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return null;
        }
    }

    public override Task UpdateCheckpointAsync(
        string ns,
        string hub,
        string group,
        string partition,
        string client,
        CheckpointPosition position,
        CancellationToken stop
    ) =>
        Write(
            Name(ns, hub, group, "checkpoint", partition),
            new()
            {
                ["offset"] = position.OffsetString,
                ["sequencenumber"] = position.SequenceNumber.ToString(),
                ["clientidentifier"] = client,
            },
            null,
            stop
        );

    static string Name(string ns, string hub, string group, string kind, string partition) =>
        $"{ns}/{hub}/{group}".ToLowerInvariant() + $"/{kind}/{partition}";

    async Task<(ETag, DateTimeOffset)> Write(
        string name,
        Dictionary<string, string> metadata,
        BlobRequestConditions onlyIf,
        CancellationToken stop
    )
    {
        var options = new BlobUploadOptions { Metadata = metadata, Conditions = onlyIf };
        var blob = container.GetBlobClient(name);
        var written = await blob.UploadAsync(BinaryData.FromString(""), options, stop);
        return (written.Value.ETag, written.Value.LastModified);
    }
}
