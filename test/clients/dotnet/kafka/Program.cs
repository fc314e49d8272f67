// Checks of a Kafka endpoint with Confluent.Kafka, which is librdkafka. One line a check; exit code 0 where all pass.
//   dotnet Kafka.dll HOST:PORT CONNECTION_STRING TOPIC PARTITION CHECK[,CHECK ...]
using System.Text;
using Confluent.Kafka;

var (broker, password, topic) = (args[0], args[1], args[2]);
var partition = new TopicPartition(topic, int.Parse(args[3]));
var wanted = args[4].Split(',');
var failed = 0;
var deadline = TimeSpan.FromSeconds(20);

T Login<T>(T config)
    where T : ClientConfig
{
    config.BootstrapServers = broker;
    config.SecurityProtocol = SecurityProtocol.SaslPlaintext;
    config.SaslMechanism = SaslMechanism.Plain;
    config.SaslUsername = "$ConnectionString";
    config.SaslPassword = password;
    return config;
}

IProducer<string?, byte[]?> Producer(Action<ProducerConfig>? change = null)
{
    var config = Login(new ProducerConfig { MessageTimeoutMs = 15_000, LingerMs = 0 });
    change?.Invoke(config);
    return new ProducerBuilder<string?, byte[]?>(config).SetLogHandler((_, _) => { }).Build();
}

// The records of the partition from an offset on, read by assignment, as many as are expected.
List<ConsumeResult<string?, byte[]?>> Read(Offset from, int count)
{
    var config = Login(new ConsumerConfig { GroupId = "checks", EnableAutoCommit = false });
    using var consumer = new ConsumerBuilder<string?, byte[]?>(config)
        .SetLogHandler((_, _) => { })
        .Build();
    consumer.Assign(new TopicPartitionOffset(partition, from));
    var records = new List<ConsumeResult<string?, byte[]?>>();
    var until = DateTime.UtcNow + deadline;
    while (records.Count < count && DateTime.UtcNow < until)
    {
        if (consumer.Consume(TimeSpan.FromMilliseconds(200)) is { } record)
            records.Add(record);
    }
    consumer.Close();
    return records;
}

async Task<Offset> Send(
    IProducer<string?, byte[]?> producer,
    string? key,
    byte[]? value,
    Headers? headers = null
)
{
    var message = new Message<string?, byte[]?>
    {
        Key = key,
        Value = value,
        Headers = headers,
    };
    return (await producer.ProduceAsync(partition, message)).Offset;
}

void Is(bool holds, string what)
{
    if (!holds)
        throw new Exception($"not as expected: {what}");
}

// The error that something ends with.
async Task<Error> ErrorOf(Func<Task> act)
{
    try
    {
        await act().WaitAsync(deadline);
    }
    catch (KafkaException error)
    {
        return error.Error;
    }
    throw new Exception("no error");
}

async Task Check(string name, Func<Task<string>> check)
{
    if (!wanted.Contains(name))
        return;
    try
    {
        Console.WriteLine($"ok {name}: {await check().WaitAsync(TimeSpan.FromSeconds(90))}");
    }
    catch (Exception error)
    {
        failed++;
        Console.WriteLine($"FAIL {name}: {error.GetType().Name}: {error.Message}");
    }
}

async Task<string> Codec(CompressionType codec)
{
    using var producer = Producer(config => config.CompressionType = codec);
    var value = new byte[10_000];
    var offset = await Send(producer, "k", value);
    var record = Read(offset, 1).Single();
    Is(record.Message.Value!.SequenceEqual(value) && record.Message.Key == "k", "key and value");
    return $"stored at {offset}";
}

foreach (var codec in Enum.GetValues<CompressionType>())
{
    await Check(codec.ToString().ToLowerInvariant(), () => Codec(codec));
}

await Check(
    "refused-codec",
    async () =>
    {
        using var producer = Producer(config => config.CompressionType = CompressionType.Snappy);
        var error = await ErrorOf(() => Send(producer, "k", new byte[10_000]));
        Is(error.Code == ErrorCode.UnsupportedCompressionType, error.ToString());
        return error.ToString();
    }
);

await Check(
    "idempotent",
    async () =>
    {
        using var producer = Producer(config => config.EnableIdempotence = true);
        var sends = Enumerable
            .Range(0, 500)
            .Select(n => Send(producer, $"{n}", Encoding.UTF8.GetBytes($"{n}")))
            .ToList();
        var offsets = await Task.WhenAll(sends);
        var texts = Read(offsets[0], 500)
            .Select(record => Encoding.UTF8.GetString(record.Message.Value!));
        Is(
            texts.SequenceEqual(Enumerable.Range(0, 500).Select(n => $"{n}")),
            "all once and in order"
        );
        return "500 in order";
    }
);

await Check(
    "headers",
    async () =>
    {
        using var producer = Producer();
        var headers = new Headers
        {
            { "x-correlation-id", Encoding.UTF8.GetBytes("id-☃") },
            { "bytes", [0, 255] },
        };
        var offset = await Send(producer, null, [1, 2, 255], headers);
        var message = Read(offset, 1).Single().Message;
        Is(
            message.Key == null && message.Value!.SequenceEqual(new byte[] { 1, 2, 255 }),
            "key and value"
        );
        Is(
            Encoding.UTF8.GetString(message.Headers.GetLastBytes("x-correlation-id")) == "id-☃",
            "the text"
        );
        Is(message.Headers.GetLastBytes("bytes").SequenceEqual(new byte[] { 0, 255 }), "the bytes");
        return "kept";
    }
);

await Check(
    "tombstone",
    async () =>
    {
        using var producer = Producer();
        var record = Read(await Send(producer, "gone", null), 1).Single();
        Is(
            record.Message.Key == "gone" && record.Message.Value is null or { Length: 0 },
            "no value"
        );
        return "kept";
    }
);

await Check(
    "large",
    async () =>
    {
        using var producer = Producer();
        var offset = await Send(producer, "large", new byte[900_000]);
        Is(Read(offset, 1).Single().Message.Value!.Length == 900_000, "the value");
        return "900,000 bytes";
    }
);

await Check(
    "too-large",
    async () =>
    {
        using var careful = Producer();
        var local = await ErrorOf(() => Send(careful, "large", new byte[1_200_000]));
        Is(local.Code == ErrorCode.MsgSizeTooLarge, local.ToString());
        using var careless = Producer(config =>
        {
            config.MessageMaxBytes = 3_000_000;
            config.MessageTimeoutMs = 3_000;
        });
        var error = await ErrorOf(() => Send(careless, "large", new byte[1_200_000]));
        return $"{local.Code}, {error.Code}";
    }
);

await Check(
    "wrong-password",
    async () =>
    {
        var reported = new TaskCompletionSource<Error>();
        var config = Login(new ProducerConfig { MessageTimeoutMs = 5_000 });
        config.SaslPassword = password.Replace("SharedAccessKey=", "SharedAccessKey=wrong");
        using var producer = new ProducerBuilder<string?, byte[]?>(config)
            .SetLogHandler((_, _) => { })
            .SetErrorHandler((_, error) => reported.TrySetResult(error))
            .Build();
        var sent = Send(producer, "k", [1]);
        var error = await reported.Task.WaitAsync(deadline);
        Is(error.Code == ErrorCode.Local_Authentication, error.ToString());
        await ErrorOf(() => sent);
        return error.Code.ToString();
    }
);

await Check(
    "unknown-topic",
    async () =>
    {
        using var producer = Producer(config => config.TopicMetadataPropagationMaxMs = 500);
        var message = new Message<string?, byte[]?> { Value = [1] };
        var error = await ErrorOf(() => producer.ProduceAsync("no.such.topic", message));
        Is(
            error.Code is ErrorCode.Local_UnknownTopic or ErrorCode.UnknownTopicOrPart,
            error.ToString()
        );
        return error.Code.ToString();
    }
);

await Check(
    "transaction",
    async () =>
    {
        using var producer = Producer(config => config.TransactionalId = "tx");
        var error = await ErrorOf(() =>
            Task.Run(() => producer.InitTransactions(TimeSpan.FromSeconds(15)))
        );
        Is(error.Reason.Contains("leave out the transactional id"), error.ToString());
        return error.Code.ToString();
    }
);

await Check(
    "group",
    async () =>
    {
        var config = Login(new ConsumerConfig { GroupId = "a-group" });
        using var consumer = new ConsumerBuilder<string?, byte[]?>(config)
            .SetLogHandler((_, _) => { })
            .Build();
        consumer.Subscribe(topic);
        var error = await ErrorOf(() => Task.Run(() => consumer.Consume(deadline)));
        Is(error.Code == ErrorCode.GroupAuthorizationFailed, error.ToString());
        return error.Code.ToString();
    }
);

await Check(
    "token",
    async () =>
    {
        static string Part(string json) =>
            Convert
                .ToBase64String(Encoding.UTF8.GetBytes(json))
                .TrimEnd('=')
                .Replace('+', '-')
                .Replace('/', '_');
        var config = Login(new ProducerConfig { MessageTimeoutMs = 15_000 });
        config.SaslMechanism = SaslMechanism.OAuthBearer;
        using var producer = new ProducerBuilder<string?, byte[]?>(config)
            .SetLogHandler((_, _) => { })
            .SetOAuthBearerTokenRefreshHandler(
                (client, _) =>
                {
                    var expiry = DateTimeOffset.UtcNow.AddMinutes(10);
                    var claims =
                        $"{{\"iss\":\"https://issuer.test\",\"exp\":{expiry.ToUnixTimeSeconds()}}}";
                    var token = $"{Part("{\"alg\":\"RS256\"}")}.{Part(claims)}.{Part("signature")}";
                    client.OAuthBearerSetToken(token, expiry.ToUnixTimeMilliseconds(), "tester");
                }
            )
            .Build();
        return $"stored at {await Send(producer, "k", [1])}";
    }
);

// Says "sent N" as it goes on, for whoever breaks the endpoint meanwhile; what was acknowledged has to be there.
await Check(
    "outage",
    async () =>
    {
        const int Total = 3_000;
        using var producer = Producer(config =>
        {
            config.EnableIdempotence = true;
            config.MessageTimeoutMs = 60_000;
        });
        var offsets = new List<Offset>();
        for (var n = 0; n < Total; n += 100)
        {
            var batch = Enumerable
                .Range(n, 100)
                .Select(i => Send(producer, $"{i}", Encoding.UTF8.GetBytes($"outage {i}")));
            offsets.AddRange(await Task.WhenAll(batch.ToList()));
            Console.WriteLine($"sent {n + 100}");
            await Task.Delay(50);
        }
        var texts = Read(offsets[0], Total)
            .Select(record => Encoding.UTF8.GetString(record.Message.Value!));
        Is(
            texts.SequenceEqual(Enumerable.Range(0, Total).Select(n => $"outage {n}")),
            "each once and in order"
        );
        return $"{Total} each once, in order";
    }
);

return failed == 0 ? 0 : 1;
