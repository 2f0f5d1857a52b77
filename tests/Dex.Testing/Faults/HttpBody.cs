using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;

namespace Dex.Testing;

/// <summary>Passes the body of one message on, byte by byte as it is, at a limited speed, up to a limited length.</summary>
internal sealed class HttpBody(PipeReader from, Stream to, long limit, long bytesPerSecond, CancellationToken cancellationToken)
{
    private const int Piece = 16 * 1024;
    private long _passed;

    /// <returns>Whether it went through whole; false if the limit was reached or the sender left.</returns>
    public async Task<bool> PassAsync(HttpHead head, bool isAnswer)
    {
        if (head.IsChunked)
            return await PassChunksAsync();
        if (head.Length is { } length)
            return await PassBytesAsync(length);
        if (isAnswer)
            await PassBytesAsync(long.MaxValue); // up to the end of the connection
        return !isAnswer;
    }

    private async Task<bool> PassChunksAsync()
    {
        while (true)
        {
            if (await PassLineAsync() is not { } line)
                return false;
            var size = long.Parse(line.Split(';')[0], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            if (size == 0)
                return await PassTrailersAsync();
            if (!await PassBytesAsync(size + 2))
                return false;
        }
    }

    private async Task<bool> PassTrailersAsync()
    {
        while (await PassLineAsync() is { } line)
        {
            if (line.Length == 0)
                return true;
        }

        return false;
    }

    private async Task<string?> PassLineAsync()
    {
        while (true)
        {
            var read = await from.ReadAsync(cancellationToken);
            if (read.Buffer.PositionOf((byte)'\n') is { } newline)
            {
                var line = read.Buffer.Slice(0, read.Buffer.GetPosition(1, newline));
                var text = Encoding.Latin1.GetString(line).TrimEnd('\r', '\n');
                from.AdvanceTo(read.Buffer.Start);
                return await PassBytesAsync(line.Length) ? text : null;
            }

            from.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (read.IsCompleted)
                return null;
        }
    }

    private async Task<bool> PassBytesAsync(long count)
    {
        while (count > 0)
        {
            var read = await from.ReadAsync(cancellationToken);
            var allowed = Math.Min(Math.Min(count, limit - _passed), bytesPerSecond > 0 ? Piece : long.MaxValue);
            var piece = read.Buffer.Slice(0, Math.Min(read.Buffer.Length, allowed));
            foreach (var memory in piece)
                await to.WriteAsync(memory, cancellationToken);
            var passed = piece.Length;
            from.AdvanceTo(piece.End);
            _passed += passed;
            count -= passed;
            if (bytesPerSecond > 0)
                await Task.Delay(TimeSpan.FromSeconds((double)passed / bytesPerSecond), cancellationToken);
            if (count > 0 && (_passed >= limit || (read.IsCompleted && passed == read.Buffer.Length)))
                return false;
        }

        return true;
    }
}
