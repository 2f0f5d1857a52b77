using System.Net;
using System.Net.Sockets;
using Dex.Tus.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Dex.Tus.Limits;

/// <summary>How much one client may do: bodies at the same time, and creations in a minute (spec: tus.md X5). Not configured, it costs a comparison.</summary>
/// <remarks>A client is an IPv4 address, or the half of an IPv6 address that one household has. HEAD, DELETE and OPTIONS are never refused: whoever lost a connection must learn where it was.</remarks>
internal sealed class ClientLimits
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, Client> _clients = [];
    private readonly TimeProvider _clock;
    private readonly int? _bodies;
    private readonly TimeSpan? _betweenCreations;
    private int _sweepAt = 1024;

    public ClientLimits(TimeProvider clock, IOptions<TusOptions> options)
    {
        _clock = clock;
        _bodies = options.Value.MaxBodiesPerClient;
        _betweenCreations = Minute / options.Value.MaxCreationsPerClientAndMinute;
    }

    /// <summary>Clients remembered at this moment.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
                return _clients.Count;
        }
    }

    /// <summary>Asks for a place; it is given back by disposing it, which a refusal takes, too.</summary>
    public Place Enter(HttpContext http, string method, UploadPath path)
    {
        if (_bodies is null && _betweenCreations is null)
            return default;
        var creates = method == "PUT" || (path.IsCollection && method == "POST");
        return (creates || method == "PATCH") && http.Connection.RemoteIpAddress is { } address ? Enter(KeyOf(address), creates) : default;
    }

    private Place Enter(IPAddress key, bool creates)
    {
        var now = _clock.GetUtcNow();
        lock (_gate)
        {
            if (!_clients.TryGetValue(key, out var client))
            {
                Sweep(now);
                _clients.Add(key, client = new Client());
            }

            if (client.Bodies >= _bodies)
                return new Place(null, null, Moment);
            if (creates && _betweenCreations is { } pause)
            {
                // A minute's creations may come at once; after that each has to wait for its share of time.
                var next = (client.CreatedUntil > now ? client.CreatedUntil : now) + pause;
                if (next > now + Minute)
                    return new Place(null, null, next - now - Minute);
                client.CreatedUntil = next;
            }

            client.Bodies++;
            return new Place(this, key, null);
        }
    }

    private void Leave(IPAddress key)
    {
        var now = _clock.GetUtcNow();
        lock (_gate)
        {
            var client = _clients[key];
            client.Bodies--;
            if (client.IsForgettable(now))
                _clients.Remove(key);
        }
    }

    // Each time there are twice as many as were left the last time, so that it costs nothing to speak of.
    private void Sweep(DateTimeOffset now)
    {
        if (_clients.Count < _sweepAt)
            return;
        foreach (var (key, client) in _clients)
        {
            if (client.IsForgettable(now))
                _clients.Remove(key);
        }

        _sweepAt = Math.Max(1024, 2 * _clients.Count);
    }

    private static IPAddress KeyOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return address;
        Span<byte> network = stackalloc byte[16];
        address.TryWriteBytes(network, out _);
        network[8..].Clear();
        return new IPAddress(network);
    }

    private sealed class Client
    {
        public int Bodies { get; set; }

        /// <summary>When the creations so far will have used up their share of time.</summary>
        public DateTimeOffset CreatedUntil { get; set; }

        public bool IsForgettable(DateTimeOffset now) => Bodies == 0 && CreatedUntil <= now;
    }

    /// <param name="RetryAfter">When to try again; null if the request may go on.</param>
    internal readonly record struct Place(ClientLimits? Limits, IPAddress? Key, TimeSpan? RetryAfter) : IDisposable
    {
        public void Dispose() => Limits?.Leave(Key!);
    }
}
