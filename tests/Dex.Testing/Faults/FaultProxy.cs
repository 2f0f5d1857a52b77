using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace Dex.Testing;

/// <summary>Stands before an HTTP/1.1 server, passes everything on byte by byte, and breaks what its rules say.</summary>
/// <remarks>The <c>Host</c> header stays as the client sent and signed it.</remarks>
public sealed class FaultProxy : IAsyncDisposable
{
    private readonly Uri _server;
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stop = new(); // has nothing to dispose
    private readonly ConcurrentQueue<ProxiedRequest> _seen = new();
    private readonly ConcurrentDictionary<Task, bool> _connections = new();
    private readonly Task _accepting;
    private ImmutableList<FaultRule> _rules = [];

    private FaultProxy(Uri server)
    {
        _server = server;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(512);
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndPoint!).Port}");
        _accepting = AcceptAsync();
    }

    /// <summary>Where clients reach it.</summary>
    public Uri Address { get; }

    /// <summary>Every request that came by, oldest first.</summary>
    public IReadOnlyCollection<ProxiedRequest> Seen => _seen;

    public static FaultProxy Start(Uri server) => new(server);

    /// <summary>From now on this rule counts too. Delays of all rules that meet a request add up, the slowest of their speeds holds, and the first of their faults happens.</summary>
    public FaultProxy Add(FaultRule rule)
    {
        ImmutableInterlocked.Update(ref _rules, rules => rules.Add(rule));
        return this;
    }

    /// <summary>Everything works again.</summary>
    public void Heal() => _rules = [];

    /// <summary>How many requests of that kind came by.</summary>
    public int Count(string? method = null, Regex? path = null, string? queryKey = null) =>
        _seen.Count(request => request.Is(method, path, queryKey));

    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested)
            return; // a test has done it, to have nobody listen
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_connections.Keys);
    }

    internal Fault Meet(ProxiedRequest request)
    {
        _seen.Enqueue(request);
        return Fault.Of(_rules.FindAll(rule => rule.Meets(request)));
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptAsync(_stop.Token);
                var connection = ServeAsync(client);
                _connections.TryAdd(connection, true);
                _ = connection.ContinueWith(ended => _connections.TryRemove(ended, out _), TaskScheduler.Default);
            }
        }
        catch (Exception stopped) when (stopped is OperationCanceledException or ObjectDisposedException)
        {
            // By us.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        await Task.Yield();
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using (client)
        {
            try
            {
                client.NoDelay = true;
                await server.ConnectAsync(_server.Host, _server.Port, _stop.Token);
                await new ProxiedConnection(client, server, this, _stop.Token).RunAsync();
            }
            catch (Exception broken) when (broken is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // One side left, or the proxy ends: so does the other.
            }
        }
    }
}

/// <summary>What happens to one request, from all rules that meet it.</summary>
internal sealed record Fault(FaultKind Kind, TimeSpan Delay, long BytesPerSecond, long AfterBytes, CannedAnswer CannedAnswer)
{
    public static Fault Of(IReadOnlyCollection<FaultRule> rules)
    {
        var acting = rules.FirstOrDefault(rule => rule.Kind != FaultKind.None) ?? new FaultRule();
        var delay = TimeSpan.FromTicks(rules.Sum(rule => rule.Delay.Ticks));
        var speed = rules.Where(rule => rule.BytesPerSecond > 0).Select(rule => rule.BytesPerSecond).DefaultIfEmpty(0).Min();
        return new Fault(acting.Kind, delay, speed, acting.AfterBytes, acting.CannedAnswer);
    }
}
