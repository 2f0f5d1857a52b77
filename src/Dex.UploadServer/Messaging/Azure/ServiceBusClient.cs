using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Xml;
using Dex.UploadServer.Messaging.Brokers;

namespace Dex.UploadServer.Messaging.Azure;

/// <summary>One queue, topic or subscription by the REST run-time interface. Every call is made once; what fails throws <see cref="BrokerException"/>.</summary>
/// <remarks><c>Azure.Messaging.ServiceBus</c> does all of this and dead-lettering with a reason, over AMQP; it is to take this class's place where it can be had.</remarks>
internal sealed class ServiceBusClient(ServiceBusEnd end, IServiceBusTokens tokens, HttpClient http, TimeProvider clock)
{
    private const int MostErrorCharacters = 2000;
    private const int MostDescriptionBytes = 1024 * 1024;
    private const string ApiVersion = "2021-05";

    private static readonly TimeSpan s_lastMoment = TimeSpan.FromSeconds(1.5);

    public ServiceBusEntity Entity => end.Entity;

    /// <summary>Returns when the queue or topic has the message.</summary>
    public async Task SendAsync(ReadOnlyMemory<byte> body, string brokerProperties, CancellationToken cancellationToken)
    {
        using var content = new ReadOnlyMemoryContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var request = NewRequest(HttpMethod.Post, $"{Entity.Path}/messages");
        request.Headers.TryAddWithoutValidation(BrokerProperties.Header, brokerProperties);
        request.Content = content;
        await CallAsync(request, isAboutLock: false, static (_, _) => Task.FromResult(true), cancellationToken);
    }

    /// <summary>Takes and locks the next message, waiting for it up to <paramref name="patience"/>.</summary>
    /// <returns>Null when there was none.</returns>
    public async Task<LockedMessage?> ReceiveAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        using var request = NewRequest(HttpMethod.Post, $"{Entity.Path}/messages/head?timeout={(int)patience.TotalSeconds}");
        return await CallAsync(request, isAboutLock: false, ReadMessageAsync, cancellationToken);
    }

    /// <summary>Deletes, unlocks or renews by <c>DELETE</c>, <c>PUT</c> or <c>POST</c>.</summary>
    /// <param name="path">Of the locked message, below the namespace.</param>
    public async Task AnswerAsync(HttpMethod method, string path, CancellationToken cancellationToken)
    {
        using var request = NewRequest(method, path);
        await CallAsync(request, isAboutLock: true, static (_, _) => Task.FromResult(true), cancellationToken);
    }

    /// <summary>What the service says of the entity.</summary>
    /// <returns>Null if it says that to managers only.</returns>
    /// <exception cref="BrokerException">It is not there, or nobody can say.</exception>
    public async Task<EntityDescription?> DescribeAsync(CancellationToken cancellationToken)
    {
        using var request = NewRequest(HttpMethod.Get, $"{Entity.Path}?api-version={ApiVersion}");
        return await CallAsync(request, isAboutLock: false, ReadDescriptionAsync, cancellationToken, forManagers: true);
    }

    private async Task<T?> CallAsync<T>(
        HttpRequestMessage request, bool isAboutLock, Func<HttpResponseMessage, CancellationToken, Task<T>> read, CancellationToken cancellationToken, bool forManagers = false)
    {
        using var limit = new CancellationTokenSource(BrokerConnections.CallLimit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            request.Headers.TryAddWithoutValidation("Authorization", await tokens.GetAsync(either.Token));
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            if (answer.IsSuccessStatusCode)
                return await read(answer, either.Token);
            var body = await ReadErrorAsync(answer, either.Token);
            return forManagers && ServiceBusAnswers.IsForManagersOnly(answer.StatusCode, body)
                ? default
                : throw ServiceBusAnswers.Failure(answer, body, Entity, isAboutLock);
        }
        catch (Exception error) when (error is HttpRequestException or IOException and not BrokerException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw BrokerException.Unreachable(error);
        }
    }

    private async Task<LockedMessage?> ReadMessageAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        if (answer.StatusCode == HttpStatusCode.NoContent)
            return null;
        var properties = BrokerProperties.TryRead(answer.Headers.TryGetValues(BrokerProperties.Header, out var values) ? string.Join(',', values) : null)
            ?? throw new BrokerException("the broker's answer has no BrokerProperties");
        var path = LockPath(answer.Headers.Location, properties);
        string? body;
        try
        {
            body = await LimitedBody.ReadTextAsync(answer.Content, MessageLimits.MostReceivedBytes, cancellationToken);
        }
        catch (Exception)
        {
            // Locked, and lost on its way: it need not wait for the end of the lock.
            await GiveBackAsync(path);
            throw;
        }

        return new LockedMessage(this, properties, path, body ?? "", answer.Headers.Date ?? clock.GetUtcNow());
    }

    // The address in the answer counts for its path only: whoever sends it does not get our token elsewhere.
    private string LockPath(Uri? location, BrokerProperties properties)
    {
        var path = location is { IsAbsoluteUri: true } ? location.AbsolutePath.TrimStart('/') : "";
        return path.StartsWith($"{Entity.Path}/messages/", StringComparison.OrdinalIgnoreCase)
            ? path
            : $"{Entity.Path}/messages/{properties.SequenceNumber.ToString(CultureInfo.InvariantCulture)}/{Uri.EscapeDataString(properties.LockToken)}";
    }

    private async Task GiveBackAsync(string path)
    {
        using var moment = new CancellationTokenSource(s_lastMoment, clock);
        try
        {
            await AnswerAsync(HttpMethod.Put, path, moment.Token);
        }
        catch (Exception error) when (error is BrokerException or OperationCanceledException)
        {
            // Its lock ends by itself.
        }
    }

    private async Task<EntityDescription> ReadDescriptionAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        try
        {
            using var atom = new MemoryStream(await LimitedBody.ReadAsync(answer.Content, MostDescriptionBytes, cancellationToken) ?? []);
            return EntityDescription.Read(atom) ?? throw new BrokerException($"there is no {Entity.Kind} {Entity.Name}") { Failure = BrokerFailure.NotFound };
        }
        catch (XmlException error)
        {
            throw new BrokerException("the broker's description of the entity cannot be read", error);
        }
    }

    private static async Task<string> ReadErrorAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        try
        {
            return await LimitedBody.ReadTextAsync(answer.Content, MostErrorCharacters, cancellationToken) ?? "";
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            return ""; // the status says enough
        }
    }

    private HttpRequestMessage NewRequest(HttpMethod method, string pathAndQuery) => new(method, new Uri(end.Access.Address, pathAndQuery));
}
