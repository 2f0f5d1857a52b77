namespace Dex.Tus.Receiving.Http2;

/// <summary>The bodies being received on one HTTP/2 connection, which are told of their end before Kestrel is (spec: tus.md BR1).</summary>
internal sealed class Http2Bodies(TimeProvider clock)
{
    // How long a body whose first bytes have only just arrived gets to be listened for.
    private static readonly TimeSpan Beginning = TimeSpan.FromMilliseconds(250);

    // How long a body gets to save what it has; it has a limit of its own, so this one is for what nobody foresaw.
    private static readonly TimeSpan Saving = TimeSpan.FromSeconds(15);

    private const int MostBegun = 1000;

    private readonly Lock _gate = new();
    private readonly Dictionary<int, Body> _bodies = [];
    private readonly HashSet<int> _begun = [];
    private TaskCompletionSource _changed = NewSignal();
    private bool _givenUp;

    /// <summary>The end of one stream's body, as those hear it who receive HTTP/1.1.</summary>
    public IInputEndFeature Of(int streamId) => new StreamEnd(this, streamId);

    /// <summary>Bytes of a body have come, and they are the last ones or not.</summary>
    public void DataArrived(int streamId, bool last)
    {
        lock (_gate)
        {
            if (last)
                _begun.Remove(streamId);
            else if (_begun.Count < MostBegun)
                _begun.Add(streamId);
        }
    }

    /// <summary>Tells whoever receives the body that no more will come, and returns when everything that came is saved.</summary>
    public async ValueTask EndAsync(int streamId)
    {
        if (Tell([streamId]) is not { } saved)
            return;
        await WaitAsync(saved, Saving);
    }

    /// <inheritdoc cref="EndAsync"/>
    public async ValueTask EndAllAsync()
    {
        int[] streams;
        lock (_gate)
            streams = [.. _bodies.Keys.Union(_begun)];
        if (Tell(streams) is { } saved)
            await WaitAsync(saved, Saving);
    }

    /// <summary>Ends every wait, now and later: the connection is over.</summary>
    public void GiveUp()
    {
        lock (_gate)
        {
            _givenUp = true;
            _changed.TrySetResult();
        }
    }

    private Task? Tell(int[] streams)
    {
        lock (_gate)
        {
            if (_givenUp || !streams.Any(stream => _bodies.ContainsKey(stream) || _begun.Contains(stream)))
                return null;
        }

        return TellAsync(streams);
    }

    private async Task TellAsync(int[] streams)
    {
        var since = clock.GetTimestamp();
        while (true)
        {
            Task changed;
            bool saving;
            lock (_gate)
            {
                foreach (var stream in streams)
                {
                    if (_bodies.TryGetValue(stream, out var body))
                        body.Tell();
                }

                saving = streams.Any(_bodies.ContainsKey);
                if (_givenUp || (!saving && !streams.Any(_begun.Contains)))
                    return;
                changed = _changed.Task;
            }

            var left = Beginning - clock.GetElapsedTime(since);
            if (!saving && left <= TimeSpan.Zero)
                return;
            await WaitAsync(changed, saving ? Timeout.InfiniteTimeSpan : left);
        }
    }

    private async Task WaitAsync(Task task, TimeSpan limit)
    {
        try
        {
            await task.WaitAsync(limit, clock);
        }
        catch (TimeoutException)
        {
            // Then it goes without.
        }
    }

    private Body Begin(int streamId, Action onInputEnded)
    {
        var body = new Body(onInputEnded);
        lock (_gate)
        {
            _bodies[streamId] = body;
            Change();
        }

        return body;
    }

    private void End(int streamId)
    {
        lock (_gate)
        {
            _bodies.Remove(streamId);
            _begun.Remove(streamId);
            Change();
        }
    }

    private void Change()
    {
        _changed.TrySetResult();
        if (!_givenUp)
            _changed = NewSignal();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Body(Action onInputEnded)
    {
        private bool _told;

        public void Tell()
        {
            if (_told)
                return;
            _told = true;
            ThreadPool.UnsafeQueueUserWorkItem(static listener => listener(), onInputEnded, preferLocal: false);
        }
    }

    private sealed class StreamEnd(Http2Bodies bodies, int streamId) : IInputEndFeature, IDisposable
    {
        public void FollowChunks()
        {
            // HTTP/2 has no chunks.
        }

        public void EndInput()
        {
            // A stream that is not read to its end is reset by the HTTP stack after the answer; the connection goes on.
        }

        public IDisposable Listen(Action onInputEnded)
        {
            bodies.Begin(streamId, onInputEnded);
            return this;
        }

        public void Dispose() => bodies.End(streamId);
    }
}
