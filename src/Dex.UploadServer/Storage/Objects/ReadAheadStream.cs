using System.Threading.Channels;
using Dex.UploadServer.Delivery;

namespace Dex.UploadServer.Storage.Objects;

/// <summary>Reads a file from start to end out of ranges that are fetched ahead, several at the same time, in bounded memory.</summary>
internal sealed class ReadAheadStream : Stream
{
    private readonly IRangeReader _ranges;
    private readonly PartPlan _plan;
    private readonly PartShare _share;
    private readonly CancellationTokenSource _ending = new();
    private readonly Channel<Task<PartBuffer>> _ahead = Channel.CreateUnbounded<Task<PartBuffer>>(); // the share bounds it
    private readonly Task _fetching;
    private PartBuffer? _current;
    private int _index = -1;
    private long _position;

    /// <param name="parallelParts">Ranges held in memory at the same time.</param>
    public ReadAheadStream(IRangeReader ranges, PartPlan plan, PartMemory memory, int parallelParts)
    {
        (_ranges, _plan, _share) = (ranges, plan, memory.Open(parallelParts));
        _fetching = FetchAsync();
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => _plan.Length;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_position == _plan.Length || buffer.IsEmpty)
            return 0;
        if (_index < 0 || _position == _plan.OffsetOf(_index) + _plan.LengthOf(_index))
            await MoveOnAsync(cancellationToken);

        var within = (int)(_position - _plan.OffsetOf(_index));
        var length = (int)Math.Min(buffer.Length, _plan.LengthOf(_index) - within);
        _current!.Bytes.AsSpan(within, length).CopyTo(buffer.Span);
        _position += length;
        return length;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Ranges are fetched asynchronously.");

    public override void Flush() { }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _fetching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        while (_ahead.Reader.TryRead(out var range))
        {
            await ((Task)range).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (range.IsCompletedSuccessfully)
                (await range).Dispose();
        }

        _current?.Dispose();
        _current = null;
        _ending.Dispose();
        await base.DisposeAsync();
    }

    private async Task MoveOnAsync(CancellationToken cancellationToken)
    {
        _current?.Dispose();
        _current = null;
        await _ahead.Reader.WaitToReadAsync(cancellationToken);
        if (_ahead.Reader.TryPeek(out var next))
            _current = await next.WaitAsync(cancellationToken);
        ObjectDisposedException.ThrowIf(!_ahead.Reader.TryRead(out _), this);
        _index++;
    }

    private async Task FetchAsync()
    {
        try
        {
            for (var index = 0; index < _plan.Count; index++)
            {
                var buffer = await _share.TakeAsync((int)_plan.LengthOf(index), _ending.Token);
                _ahead.Writer.TryWrite(FillAsync(index, buffer));
            }

            _ahead.Writer.Complete();
        }
        catch (OperationCanceledException ended)
        {
            _ahead.Writer.Complete(ended);
        }
    }

    private async Task<PartBuffer> FillAsync(int index, PartBuffer buffer)
    {
        try
        {
            await _ranges.ReadAsync(_plan.OffsetOf(index), buffer.Bytes.AsMemory(0, (int)_plan.LengthOf(index)), static _ => { }, _ending.Token);
            return buffer;
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }
}
