using System.Diagnostics;
using Dex.Bench.Load;

namespace Dex.Bench.Scenarios;

/// <summary>Thousands of connections that stay open: at rest after a request, or each with a PATCH that sends a few bytes now and then.</summary>
internal sealed class Crowd(LoadJob job, bool trickles) : IDisposable
{
    private const int TrickleBytes = 256;
    private const int TrickleLength = 1 << 20;

    /// <summary>How often something is sent on each.</summary>
    public static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);

    private readonly List<TusConnection> _connections = [];

    /// <summary>Opens connections until there are so many; those that are there already go on meanwhile.</summary>
    public void Gather(int count)
    {
        for (var sinceBeat = Stopwatch.StartNew(); _connections.Count < count; _connections.Add(Open()))
        {
            if (sinceBeat.Elapsed < Beat)
                continue;
            SendBeat();
            sinceBeat.Restart();
        }
    }

    /// <summary>Lives through some seconds; fails if the server has cut anybody off.</summary>
    public void Live(TimeSpan duration)
    {
        for (var lived = TimeSpan.Zero; lived < duration; lived += Beat)
        {
            Thread.Sleep(Beat);
            SendBeat();
        }

        var watched = _connections.ConvertAll(connection => new Kernel.Watched { Descriptor = connection.Descriptor, Wanted = Kernel.Readable }).ToArray();
        if (Kernel.Wait(watched, milliseconds: 0) is var cut and > 0)
            throw new IOException($"The server cut off, or answered, {cut} of {watched.Length} connections that were to stay open.");
    }

    /// <summary>Sends the next few bytes of every PATCH.</summary>
    public void SendBeat()
    {
        if (trickles)
            _connections.ForEach(connection => connection.SendRaw(job.Payload.Small.AsSpan(0, TrickleBytes)));
    }

    public void Dispose() => _connections.ForEach(connection => connection.Dispose());

    private TusConnection Open()
    {
        var connection = new TusConnection(job.Target);
        if (trickles)
        {
            connection.SendCreation(TrickleLength);
            connection.Expect(201);
            connection.SendPatch(0, TrickleLength, job.Payload.Small.AsSpan(0, TrickleBytes));
            return connection;
        }

        connection.SendOptions();
        connection.Await();
        return connection;
    }
}
