using System.Buffers;
using Dex.UploadServer.Ledger;

namespace Dex.UploadServer.Messaging;

/// <summary>Report files, and event files unless a broker carries events: one line for each message.</summary>
internal sealed class FileSink(MessageFiles files, EventTransport events) : IMessageSink
{
    /// <summary>A line that may have been written before a crash was among the last ones.</summary>
    private const int SearchedBytes = 4 * 1024 * 1024;

    public string Name => "files";

    public bool Takes(MessageKind kind) => kind == MessageKind.Report || !events.IsPublished;

    public ValueTask SendAsync(OutboxMessage message, bool mayBeARepeat, CancellationToken cancellationToken)
    {
        var path = files.PathOf(message.Kind, message.UploadId, message.Type);
        var length = message.Json.Length + 1;
        var line = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            message.Json.Span.CopyTo(line);
            line[length - 1] = (byte)'\n';
            if (!mayBeARepeat || !Contains(path, line.AsSpan(0, length)))
                LineFile.AppendLine(path, line.AsSpan(0, length));
            return ValueTask.CompletedTask;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(line);
        }
    }

    private static bool Contains(string path, ReadOnlySpan<byte> line)
    {
        try
        {
            using var file = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
            var length = RandomAccess.GetLength(file);
            var start = Math.Max(0, length - SearchedBytes);
            var tail = new byte[length - start];
            var read = RandomAccess.Read(file, tail, start);
            return ContainsLine(tail.AsSpan(0, read), line);
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
    }

    private static bool ContainsLine(ReadOnlySpan<byte> text, ReadOnlySpan<byte> line)
    {
        for (var from = 0; ;)
        {
            var at = text[from..].IndexOf(line);
            if (at < 0)
                return false;
            if (from + at == 0 || text[from + at - 1] == '\n')
                return true;
            from += at + 1;
        }
    }
}
