using System.Diagnostics;
using Dex.Bench.Load;

namespace Dex.Bench.Scenarios;

/// <summary>Thousands of connections that stay open: at rest after a request, or each with a PATCH that sends a few bytes now and then.</summary>
internal sealed class Crowd(LoadJob job, bool trickles) : IDisposable
{
    private const int TrickleBytes = 256;
    private const int TrickleLength = 1 << 20;
    private const int AtOnce = 100;

    /// <summary>How often something is sent on each.</summary>
    public static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);

    private readonly List<TusConnection> _connections = [];
    private readonly Stopwatch _sinceStart = Stopwatch.StartNew();
    private readonly Stopwatch _sinceBeat = Stopwatch.StartNew();

    /// <summary>Opens connections until there are so many; those that are there already go on meanwhile.</summary>
    public void Gather(int count)
    {
        while (_connections.Count < count)
        {
            // Many requests at once, then their answers: one by one, each would wait for a processor that others want, too.
            Open(Math.Min(AtOnce, count - _connections.Count));
            if (_sinceBeat.Elapsed >= Beat)
                SendBeat();
        }
    }

    /// <summary>Lives through some seconds; fails if the server has cut anybody off.</summary>
    public void Live(TimeSpan duration)
    {
        for (var lived = TimeSpan.Zero; lived < duration; lived += Beat)
        {
            Thread.Sleep(Beat); // the pause is the load: each sends a little once a beat
            SendBeat();
        }

        var watched = _connections.ConvertAll(connection => new Kernel.Watched { Descriptor = connection.Descriptor, Wanted = Kernel.Readable }).ToArray();
        if (Kernel.Wait(watched, milliseconds: 0) is var cut and > 0)
            throw new IOException($"The server cut off, or answered, {cut} of {watched.Length} connections that were to stay open; the first was opened {_sinceStart.Elapsed} ago.");
    }

    /// <summary>Sends the next few bytes of every PATCH.</summary>
    public void SendBeat()
    {
        _sinceBeat.Restart();
        if (trickles)
            _connections.ForEach(connection => connection.SendRaw(job.Payload.Small.AsSpan(0, TrickleBytes)));
    }

    public void Dispose() => _connections.ForEach(connection => connection.Dispose());

    private void Open(int count)
    {
        var opened = Enumerable.Range(0, count).Select(_ => new TusConnection(job.Target)).ToList();
        _connections.AddRange(opened);
        if (!trickles)
        {
            opened.ForEach(connection => connection.SendOptions());
            opened.ForEach(connection => connection.Await());
            return;
        }

        opened.ForEach(connection => connection.SendCreation(TrickleLength));
        opened.ForEach(connection => connection.Expect(201));
        opened.ForEach(connection => connection.SendPatch(0, TrickleLength, job.Payload.Small.AsSpan(0, TrickleBytes)));
    }
}
