using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Dex.Testing.ServiceBus;

/// <summary>
/// Stands in for a namespace of Azure Service Bus, whose REST interface no program here offers: send, receive with lock, complete, unlock, renew,
/// dead letters, descriptions. Written from the public reference; what it does, the service says it does.
/// </summary>
public sealed class ServiceBusDouble : IAsyncDisposable
{
    public const string KeyName = "RootManageSharedAccessKey";
    public const string Key = "8jBmFqkHKS1yRwHlTUxC0qzOq6pOV7wYhG1pyQw0q4E="; // made up

    private static readonly TimeSpan s_lock = TimeSpan.FromSeconds(60);

    private readonly TimeProvider _clock;
    private readonly DoubledAccess _access;
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, DoubledEntity> _entities = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, bool> _topics = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, string> _statuses = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentQueue<string> _calls = new();

    private ServiceBusDouble(TimeProvider clock)
    {
        _clock = clock;
        _access = new DoubledAccess(clock);
        _access.AddKey(KeyName, Key, DoubledRights.All);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0);
            kestrel.AddServerHeader = false;
        });
        builder.Services.AddLogging(logging => logging.ClearProviders());
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    public Uri Address => new(_app.Urls.Single());

    /// <summary>Method and path of every call, in order.</summary>
    public IReadOnlyCollection<string> Calls => _calls;

    public static async Task<ServiceBusDouble> StartAsync(TimeProvider? clock = null)
    {
        var started = new ServiceBusDouble(clock ?? TimeProvider.System);
        await started._app.StartAsync();
        return started;
    }

    public DoubledEntity AddQueue(string name, TimeSpan? lockDuration = null, int maxDeliveryCount = 10, bool detectsDuplicates = false) =>
        _entities[name] = new DoubledEntity(_clock, lockDuration ?? s_lock, maxDeliveryCount, detectsDuplicates);

    /// <summary>A topic, if it is not there yet, and a subscription to it.</summary>
    public DoubledEntity AddSubscription(string topic, string name, TimeSpan? lockDuration = null, int maxDeliveryCount = 10, bool detectsDuplicates = false)
    {
        _topics[topic] = true;
        return AddQueue($"{topic}/subscriptions/{name}", lockDuration, maxDeliveryCount, detectsDuplicates);
    }

    /// <summary>A queue, or a subscription by its path below the namespace.</summary>
    public DoubledEntity Entity(string path) => _entities[path];

    public void Remove(string path)
    {
        _topics.TryRemove(path, out _);
        _entities.TryRemove(path, out _);
    }

    /// <summary>Gives an entity another state than <c>Active</c>.</summary>
    public void SetStatus(string path, string status) => _statuses[path] = status;

    public void AddKey(string name, string key, DoubledRights rights) => _access.AddKey(name, key, rights);

    public void AddBearer(string token, DateTimeOffset end, DoubledRights rights = DoubledRights.All) => _access.AddBearer(token, end, rights);

    /// <param name="address">Instead of the double itself, such as a <see cref="FaultProxy"/> before it.</param>
    public string ConnectionString(string keyName = KeyName, string key = Key, Uri? address = null) =>
        $"Endpoint={address ?? Address};SharedAccessKeyName={keyName};SharedAccessKey={key}";

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private Task AnswerAsync(HttpContext http)
    {
        var path = http.Request.Path.Value!.Trim('/');
        _calls.Enqueue($"{http.Request.Method} {path}");
        http.Response.Headers.Date = _clock.GetUtcNow().ToString("R", CultureInfo.InvariantCulture);
        var at = path.IndexOf("/messages", StringComparison.OrdinalIgnoreCase);
        if (at < 0)
            return HttpMethods.IsGet(http.Request.Method) ? DescribeAsync(http, path) : FailAsync(http, 405, "The method is not allowed.");
        var (entity, rest) = (path[..at], path[(at + "/messages".Length)..].Trim('/').Split('/'));
        return (http.Request.Method, rest) switch
        {
            ("POST", [""]) => SendAsync(http, entity),
            ("POST", ["head"]) => ReceiveAsync(http, entity),
            ("DELETE" or "PUT" or "POST", [_, var token]) => SettleAsync(http, entity, token),
            _ => FailAsync(http, 400, "Bad request."),
        };
    }

    private async Task SendAsync(HttpContext http, string path)
    {
        if (await RefuseAsync(http, DoubledRights.Send))
            return;
        if (!_topics.ContainsKey(path) && !_entities.ContainsKey(path))
        {
            await FailAsync(http, 410, "The specified queue or topic does not exist.");
            return;
        }

        using var reader = new StreamReader(http.Request.Body, Encoding.UTF8);
        var body = await reader.ReadToEndAsync(http.RequestAborted);
        if (Encoding.UTF8.GetByteCount(body) > 256 * 1024)
        {
            await FailAsync(http, 413, "The message is too large.");
            return;
        }

        var properties = http.Request.Headers.TryGetValue("BrokerProperties", out var header) ? JsonDocument.Parse(header.ToString()).RootElement : default;
        foreach (var entity in ReceiversOf(path))
            entity.Send(body, Text(properties, "MessageId"), Text(properties, "PartitionKey"));
        http.Response.StatusCode = 201;
    }

    private async Task ReceiveAsync(HttpContext http, string path)
    {
        if (await RefuseAsync(http, DoubledRights.Listen))
            return;
        const string DeadLetters = "/$DeadLetterQueue";
        var isDead = path.EndsWith(DeadLetters, StringComparison.OrdinalIgnoreCase);
        if (!_entities.TryGetValue(isDead ? path[..^DeadLetters.Length] : path, out var entity))
        {
            await FailAsync(http, 410, "The specified queue or subscription does not exist.");
            return;
        }

        var patience = TimeSpan.FromSeconds(int.Parse(http.Request.Query["timeout"].ToString(), CultureInfo.InvariantCulture));
        if ((isDead ? entity.TakeDead() : await entity.ReceiveAsync(patience, http.RequestAborted)) is not { } message)
        {
            http.Response.StatusCode = 204;
            return;
        }

        http.Response.StatusCode = 201;
        http.Response.ContentType = "application/json";
        // As the service gives it: https, and the name in small letters.
        http.Response.Headers.Location = $"https://{http.Request.Host}/{path.ToLowerInvariant()}/messages/{Uri.EscapeDataString(message.MessageId)}/{message.LockToken}";
        http.Response.Headers["BrokerProperties"] = JsonSerializer.Serialize(new
        {
            message.DeliveryCount,
            EnqueuedSequenceNumber = 0,
            EnqueuedTimeUtc = message.EnqueuedAt.ToString("R", CultureInfo.InvariantCulture),
            message.LockToken,
            LockedUntilUtc = message.LockedUntil.ToString("R", CultureInfo.InvariantCulture),
            message.MessageId,
            message.SequenceNumber,
            State = "Active",
            TimeToLive = 1209600,
        });
        await http.Response.WriteAsync(message.Body, http.RequestAborted);
    }

    private async Task SettleAsync(HttpContext http, string path, string token)
    {
        if (await RefuseAsync(http, DoubledRights.Listen))
            return;
        if (!_entities.TryGetValue(path, out var entity))
        {
            await FailAsync(http, 410, "The specified queue or subscription does not exist.");
            return;
        }

        var done = http.Request.Method switch
        {
            "DELETE" => entity.Complete(token),
            "PUT" => entity.Abandon(token),
            _ => entity.Renew(token),
        };
        if (!done)
            await FailAsync(http, 404, "No message was found with the specified MessageId or LockToken.");
    }

    private async Task DescribeAsync(HttpContext http, string path)
    {
        if (await RefuseAsync(http, DoubledRights.Manage))
            return;
        http.Response.ContentType = "application/atom+xml;type=entry;charset=utf-8";
        _entities.TryGetValue(path, out var entity);
        if (entity is null && !_topics.ContainsKey(path))
        {
            await http.Response.WriteAsync("""<feed xmlns="http://www.w3.org/2005/Atom"><title type="text">Publicly Listed Services</title></feed>""", http.RequestAborted);
            return;
        }

        var kind = _topics.ContainsKey(path) ? "Topic" : path.Contains("/subscriptions/", StringComparison.OrdinalIgnoreCase) ? "Subscription" : "Queue";
        var receiving = entity is null ? "" : $"<LockDuration>PT{(int)entity.LockDuration.TotalSeconds}S</LockDuration><MaxDeliveryCount>{entity.MaxDeliveryCount}</MaxDeliveryCount>";
        var active = ReceiversOf(path).Sum(each => (long)each.Counts.Waiting + each.Counts.Locked);
        await http.Response.WriteAsync(
            $"""
            <entry xmlns="http://www.w3.org/2005/Atom"><title type="text">{SecurityElement.Escape(path)}</title><content type="application/xml">
            <{kind}Description xmlns="http://schemas.microsoft.com/netservices/2010/10/servicebus/connect" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">
            {receiving}<Status>{_statuses.GetValueOrDefault(path, "Active")}</Status>
            <CountDetails xmlns:d="http://schemas.microsoft.com/netservices/2011/06/servicebus"><d:ActiveMessageCount>{active}</d:ActiveMessageCount><d:DeadLetterMessageCount>{entity?.Counts.Dead ?? 0}</d:DeadLetterMessageCount></CountDetails>
            </{kind}Description></content></entry>
            """,
            http.RequestAborted);
    }

    private IEnumerable<DoubledEntity> ReceiversOf(string path) => _topics.ContainsKey(path)
        ? _entities.Where(entity => entity.Key.StartsWith($"{path}/subscriptions/", StringComparison.OrdinalIgnoreCase)).Select(entity => entity.Value)
        : [_entities[path]];

    private async Task<bool> RefuseAsync(HttpContext http, DoubledRights needed)
    {
        if (_access.FindProblem(http.Request, needed) is not { } problem)
            return false;
        await FailAsync(http, 401, problem);
        return true;
    }

    private static Task FailAsync(HttpContext http, int status, string detail)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/xml; charset=utf-8";
        return http.Response.WriteAsync($"<Error><Code>{status}</Code><Detail>{SecurityElement.Escape(detail)} TrackingId:{Guid.NewGuid()}, SystemTracker:double, Timestamp:2025-06-05T14:03:01</Detail></Error>", http.RequestAborted);
    }

    private static string? Text(JsonElement properties, string name) =>
        properties.ValueKind == JsonValueKind.Object && properties.TryGetProperty(name, out var value) ? value.GetString() : null;
}
