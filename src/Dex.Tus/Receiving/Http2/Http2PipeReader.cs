using System.IO.Pipelines;

namespace Dex.Tus.Receiving.Http2;

/// <summary>Holds back the reset of a stream, and the end of the connection, until the bodies they cut have saved what came before.</summary>
/// <remarks>
/// Kestrel drops the bytes of a body that wait to be read when its stream ends early. It reads on only when it has handled
/// all it was given, so what a body has been given is all that came before the reset.
/// </remarks>
internal sealed class Http2PipeReader : PipeReader
{
    private readonly PipeReader _inner;
    private readonly Http2Bodies _bodies;
    private readonly Action _inputEnded;
    private readonly Http2Framing _frames;
    private ReadResult _last;
    private long _followed;

    public Http2PipeReader(PipeReader inner, Http2Bodies bodies, Action inputEnded)
    {
        _inner = inner;
        _bodies = bodies;
        _inputEnded = inputEnded;
        _frames = new Http2Framing { OnData = bodies.DataArrived };
    }

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            ReadResult result;
            try
            {
                result = await _inner.ReadAsync(cancellationToken);
            }
            catch (Exception)
            {
                await _bodies.EndAllAsync();
                _inputEnded();
                throw;
            }

            if (Offer(result))
                return _last;
            if (_frames.Reset is { } stream)
            {
                _inner.AdvanceTo(result.Buffer.Start);
                await _bodies.EndAsync(stream);
                _frames.PassReset();
                continue;
            }

            await _bodies.EndAllAsync();
            _inputEnded();
            return _last = result;
        }
    }

    public override bool TryRead(out ReadResult result)
    {
        if (!_inner.TryRead(out result))
            return false;
        if (Offer(result))
        {
            result = _last;
            return true;
        }

        _inner.AdvanceTo(result.Buffer.Start); // what there is, is for a read that can wait
        return false;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        _followed -= _last.Buffer.Slice(0, consumed).Length;
        _last = default;
        _inner.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead()
    {
        _bodies.GiveUp();
        _inner.CancelPendingRead();
    }

    public override void Complete(Exception? exception = null) => _inner.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => _inner.CompleteAsync(exception);

    // Whether there is something to hand out before anything has to be waited for.
    private bool Offer(ReadResult result)
    {
        _followed += _frames.Follow(result.Buffer.Slice(_followed));
        if (_followed == 0 && !result.IsCanceled)
            return false;
        _last = new ReadResult(result.Buffer.Slice(0, _followed), result.IsCanceled, isCompleted: false);
        return true;
    }
}
