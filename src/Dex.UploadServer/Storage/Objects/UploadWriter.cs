using System.Buffers;
using Dex.Tus.Receiving;

namespace Dex.UploadServer.Storage.Objects;

/// <summary>What all writers share.</summary>
internal sealed record PartWriting(PartPool Memory, PartSizes Sizes, int PartsPerUpload, TimeProvider Clock);

/// <summary>One append to an upload: received bytes fill parts in memory, which are sent while the next ones fill (spec: tus.md S33 to S36, SA4).</summary>
/// <remarks>
/// What is in the tail comes in front of the first part. The tail is only replaced when a part has its bytes; until then it is what counts.
/// The upload is never larger than what was found and what this one has stored without a gap.
/// </remarks>
internal sealed class UploadWriter : IDisposable
{
    /// <summary>For how long a buffer may go without a byte, or be filled at all, while others wait for memory.</summary>
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FillTime = TimeSpan.FromSeconds(5);

    private readonly PartWriting _shared;
    private readonly OpenUpload _open;
    private readonly PartsInFlight<StoredPart> _inFlight;
    private readonly CancellationToken _cancellationToken;
    private readonly IncomingBody _content;
    private PooledPart? _filling;
    private long _filledSince;
    private int _sent;
    private long _sentBytes;
    private RunningChecksum _checksum;
    private bool _isBehind;

    public UploadWriter(PartWriting shared, OpenUpload open, IncomingBody content, CancellationToken cancellationToken)
    {
        _shared = shared;
        _open = open;
        _content = content;
        _cancellationToken = cancellationToken;
        _inFlight = new PartsInFlight<StoredPart>(shared.PartsPerUpload);
        ModifiedAt = Upload.ModifiedAt;
        (_sent, _sentBytes) = (Upload.Parts.Length, Upload.PartBytes);
        _checksum = Upload.Checksum ?? RunningChecksum.Start(Upload.Offset);
    }

    /// <summary>The upload as far as it is stored for sure.</summary>
    public StoredUpload Upload => _open.Upload;

    /// <summary>Of everything taken.</summary>
    public RunningChecksum Checksum => _checksum;

    /// <summary>When the last byte was stored.</summary>
    public DateTimeOffset ModifiedAt { get; private set; }

    /// <summary>Takes the whole body, and stores it.</summary>
    /// <exception cref="IOException">Not all of it could be stored; <see cref="Upload"/> says what was.</exception>
    public async Task TakeAsync()
    {
        while (!_inFlight.HasFailed && await ReadAsync() is { IsEmpty: false } bytes)
        {
            if (!await HasRoomAsync())
            {
                await LeaveRestAsync();
                break;
            }

            var taken = bytes.Slice(0, Math.Min(bytes.Length, _filling!.Room));
            _filling.Append(taken);
            _checksum = _checksum.Append(taken);
            _isBehind = true;
            _open.Add(_inFlight.TakeSent());
            _content.Unsettled = _sentBytes + _filling.Length - Upload.Offset;
            _content.Advance(taken.Length);
            if (_filling.Room == 0 && IsPart(_filling.Length))
                SendPart();
            else if (_shared.Memory.IsShort && _shared.Clock.GetElapsedTime(_filledSince) > FillTime)
                await SettleAsync();
        }

        await SettleAsync();
    }

    public void Dispose() => _filling?.Dispose();

    // Whoever goes on with the body after a failure must find it as a reader leaves it.
    private async ValueTask<bool> HasRoomAsync()
    {
        try
        {
            if (_filling is { Room: 0 })
                await SettleAsync(); // less than a part was announced, and now there is more
            return _filling is not null || await BeginPartAsync();
        }
        catch
        {
            _content.Advance(0);
            throw;
        }
    }

    private async ValueTask<ReadOnlySequence<byte>> ReadAsync()
    {
        var reading = _content.ReadAsync();
        if (reading.IsCompleted || _filling is null)
            return await reading;

        var read = reading.AsTask();
        while (true)
        {
            try
            {
                return await read.WaitAsync(_filling is null ? Timeout.InfiniteTimeSpan : IdleTime, _shared.Clock, CancellationToken.None);
            }
            catch (TimeoutException)
            {
                if (_shared.Memory.IsShort)
                    await ParkAsync(read);
            }
        }
    }

    // A client that sends nothing keeps no memory that others wait for.
    private async Task ParkAsync(Task<ReadOnlySequence<byte>> read)
    {
        try
        {
            await SettleAsync();
        }
        catch
        {
            _content.Stop(BodyEnd.CutShort);
            if (await read is { IsEmpty: false })
                _content.Advance(0);
            throw;
        }
    }

    /// <returns>False if there is no memory and nobody waits for this request any more.</returns>
    private async Task<bool> BeginPartAsync()
    {
        await _inFlight.WaitForTurnAsync();
        await _open.PrepareAsync(_cancellationToken);
        var tail = _sent == Upload.Parts.Length ? Upload.TailBytes : 0;
        var size = Math.Max(_shared.Sizes.Next(_sent, _sentBytes, Upload.Length), tail + 1);
        size = Math.Min(size, Upload.Length - _sentBytes ?? size);
        size = Math.Min(size, _content.Announced is { } announced ? tail + announced - _content.Position : size);
        if (await RentAsync(Math.Max(size, tail + 1)) is not { } part)
            return false;

        _filling = part;
        _filledSince = _shared.Clock.GetTimestamp();
        if (tail > 0)
            await _open.ReadTailAsync(part, tail, _cancellationToken);
        return true;
    }

    // Whoever has asked the body to stop waits for us: then it is better to end than to wait for memory much longer.
    private async Task<PooledPart?> RentAsync(long bytes)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(_cancellationToken);
        var renting = _shared.Memory.RentAsync(bytes, enough.Token);
        while (!renting.IsCompleted && await Task.WhenAny(renting, Task.Delay(IdleTime, _shared.Clock, CancellationToken.None)) != renting)
        {
            if (_content.IsStopping)
                await enough.CancelAsync();
        }

        try
        {
            return await renting;
        }
        catch (OperationCanceledException) when (!_cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    // The body has been asked to stop, so there is little of it left.
    private async Task LeaveRestAsync()
    {
        do
            _content.Advance(0);
        while (await _content.ReadAsync() is { IsEmpty: false });
    }

    private void SendPart()
    {
        var part = _filling!;
        _filling = null;
        var number = ++_sent;
        _sentBytes += part.Length;
        _inFlight.Start(part, buffer => _open.SendAsync(number, buffer, _cancellationToken));
    }

    private bool IsPart(long bytes) =>
        _sentBytes + bytes == Upload.Length || bytes >= _shared.Sizes.Worthwhile(_sent, _sentBytes, Upload.Length);

    // Sends what is worth a part, and keeps the rest in the tail.
    private async Task SettleAsync()
    {
        if (_filling is { } rest && !_inFlight.HasFailed && (IsPart(rest.Length) || _open.MustSend))
            SendPart();
        var (sent, failure) = await _inFlight.SettleAsync();
        _open.Add(sent);
        if (failure is not null)
            throw failure;
        if (_isBehind)
        {
            // Never back, even if somebody has set the clock back.
            var now = _shared.Clock.GetUtcNow();
            ModifiedAt = now > ModifiedAt ? now : ModifiedAt;
            if (_open.NeedsTail)
                await _open.PutTailAsync(_filling, _checksum, ModifiedAt, _cancellationToken);
        }

        _isBehind = false;
        _filling?.Dispose();
        _filling = null;
        _content.Unsettled = 0;
    }
}
