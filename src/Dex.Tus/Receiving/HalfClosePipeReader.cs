using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Dex.Tus.Receiving;

/// <summary>Tells of a client's FIN only after every byte before it was handed out, and to a body being received first.</summary>
/// <remarks>
/// Kestrel refuses data that arrives together with a FIN and closes the connection without an answer. With this reader
/// below it, a body cut short is stored to the byte, and a client that can still listen is answered (spec: tus.md BR1, BR4).
/// Chunks that break are an end, too: what comes from there on is not handed out.
/// </remarks>
internal sealed class HalfClosePipeReader(PipeReader inner, Action inputEnded) : PipeReader, IInputEndFeature
{
    private readonly Lock _gate = new();
    private TaskCompletionSource<ReadResult>? _withheld;
    private Action? _listener;
    private ReadResult _last;
    private long _examinedLeftover;
    private bool _allExamined = true;
    private bool _canceled;
    private bool _cutOff;
    private ChunkFraming? _chunks;
    private long _followed;

    public IDisposable Listen(Action onInputEnded)
    {
        bool ended;
        lock (_gate)
        {
            _listener = onInputEnded;
            ended = _withheld is not null; // told to the listener before this one
        }

        if (ended)
            Tell(onInputEnded);
        return new Subscription(this);
    }

    public void FollowChunks()
    {
        _chunks = new ChunkFraming();
        _followed = 0;
    }

    public void EndInput()
    {
        Volatile.Write(ref _cutOff, true);
        CancelPendingRead();
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        ValueTask<ReadResult> read;
        try
        {
            read = inner.ReadAsync(cancellationToken);
        }
        catch (Exception)
        {
            inputEnded();
            throw;
        }

        return read.IsCompletedSuccessfully ? Deliver(read.Result) : WaitAsync(read);
    }

    public override bool TryRead(out ReadResult result)
    {
        try
        {
            if (!inner.TryRead(out result))
                return false;
        }
        catch (Exception)
        {
            inputEnded();
            throw;
        }

        if (Volatile.Read(ref _cutOff))
        {
            result = CutOff(result);
            return true;
        }

        result = UpToBreak(result);
        if (!IsBareEnd(result))
        {
            result = WithoutEnd(result);
            return true;
        }

        if (!WithholdsEnd(result))
        {
            inputEnded();
            _last = result;
            return true;
        }

        inner.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        return false;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        var buffer = _last.Buffer;
        _allExamined = examined.Equals(buffer.End) || buffer.Slice(examined).IsEmpty;
        _examinedLeftover = !_allExamined || consumed.Equals(buffer.End) ? 0 : buffer.Slice(consumed).Length;
        if (_chunks is not null)
            _followed -= buffer.Slice(0, consumed).Length;
        _last = default;
        inner.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead()
    {
        TaskCompletionSource<ReadResult>? withheld;
        lock (_gate)
        {
            withheld = _withheld;
            _withheld = null;
            _canceled = withheld is null;
        }

        if (withheld is null)
            inner.CancelPendingRead();
        else
            withheld.TrySetResult(_last = new ReadResult(_last.Buffer, isCanceled: true, isCompleted: false));
    }

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> WaitAsync(ValueTask<ReadResult> read)
    {
        ReadResult result;
        try
        {
            result = await read;
        }
        catch (Exception)
        {
            inputEnded();
            throw;
        }

        return await Deliver(result);
    }

    private ValueTask<ReadResult> Deliver(ReadResult result)
    {
        if (Volatile.Read(ref _cutOff))
            return new ValueTask<ReadResult>(CutOff(result));
        result = UpToBreak(result);
        if (!IsBareEnd(result))
            return new ValueTask<ReadResult>(WithoutEnd(result));

        _last = result;
        Action? listener;
        TaskCompletionSource<ReadResult>? withheld = null;
        lock (_gate)
        {
            listener = _listener;
            if (listener is not null && !result.IsCanceled && !_canceled)
                withheld = _withheld = new TaskCompletionSource<ReadResult>(TaskCreationOptions.RunContinuationsAsynchronously);
            else if (listener is not null)
                _canceled = false;
        }

        if (withheld is not null)
        {
            Tell(listener!);
            return new ValueTask<ReadResult>(withheld.Task);
        }

        if (listener is not null)
            return new ValueTask<ReadResult>(_last = new ReadResult(result.Buffer, isCanceled: true, isCompleted: false));

        inputEnded();
        return new ValueTask<ReadResult>(result);
    }

    private static void Tell(Action listener) =>
        ThreadPool.UnsafeQueueUserWorkItem(static listener => listener(), listener, preferLocal: false);

    // Of a chunked body only what comes before a broken chunk, as if the input ended there.
    private ReadResult UpToBreak(ReadResult result)
    {
        if (_chunks is null)
            return result;
        _followed += _chunks.Follow(result.Buffer.Slice(_followed));
        if (_chunks.IsBroken)
            return new ReadResult(result.Buffer.Slice(0, _followed), result.IsCanceled, isCompleted: true);
        if (_chunks.IsOver)
            _chunks = null;
        return result;
    }

    // The end, with nothing before it that the reader above has not looked at.
    private bool IsBareEnd(ReadResult result) =>
        result.IsCompleted && _allExamined && result.Buffer.Length <= _examinedLeftover;

    private ReadResult WithoutEnd(ReadResult result) =>
        _last = result.IsCompleted ? new ReadResult(result.Buffer, result.IsCanceled, isCompleted: false) : result;

    private ReadResult CutOff(ReadResult result)
    {
        inputEnded();
        return _last = new ReadResult(result.Buffer, isCanceled: false, isCompleted: true);
    }

    private bool WithholdsEnd(ReadResult result)
    {
        lock (_gate)
            return _listener is not null && !result.IsCanceled;
    }

    // A read that is still withheld stays so until it is canceled: completing it would close the connection before the answer.
    // Inside chunks Kestrel reads on by itself, so an end that comes between two listeners is kept for the second.
    private sealed class Subscription(HalfClosePipeReader reader) : IDisposable
    {
        public void Dispose()
        {
            lock (reader._gate)
                reader._listener = reader._chunks is null ? null : static () => { };
        }
    }
}

/// <summary>Lets whoever receives a body hear that the client will send no more, while an answer can still be given.</summary>
internal interface IInputEndFeature
{
    /// <summary>A chunked body begins with the next byte: if its framing breaks, the input has ended there.</summary>
    void FollowChunks();

    /// <summary>Whatever else the client sends is no longer read: the connection closes as soon as the answer has left.</summary>
    void EndInput();

    /// <summary>Until disposed, the end of input is told to <paramref name="onInputEnded"/> instead of closing the connection.</summary>
    IDisposable Listen(Action onInputEnded);
}
