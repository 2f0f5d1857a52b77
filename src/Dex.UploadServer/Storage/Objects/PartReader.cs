using System.Runtime.InteropServices;
using Dex.UploadServer.Delivery;
using Microsoft.Win32.SafeHandles;

namespace Dex.UploadServer.Storage.Objects;

/// <summary>Reads a source file part by part: from its place on this machine, by ranges, or from start to end, whichever is best.</summary>
internal abstract class PartReader : IAsyncDisposable
{
    /// <summary>Whether parts may be read in any order and several at the same time.</summary>
    public virtual bool ReadsAnywhere => true;

    /// <summary>Fills a part with the bytes from <paramref name="offset"/> on.</summary>
    /// <exception cref="DeliverySourceException">The source broke or is shorter.</exception>
    public abstract ValueTask ReadAsync(long offset, Memory<byte> part, Action<int> arrived, CancellationToken cancellationToken);

    /// <summary>After the last part: nothing may follow it.</summary>
    /// <exception cref="DeliverySourceException">Something does.</exception>
    public virtual ValueTask EndAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public abstract ValueTask DisposeAsync();

    /// <exception cref="DeliverySourceException">The source cannot be opened, or has not its length.</exception>
    public static async ValueTask<PartReader> OpenAsync(SourceFile source, CancellationToken cancellationToken)
    {
        if (source.LocalPath is { } path)
            return FileReader.Open(path, source.Length);
        if (source.Ranges is { } ranges)
            return new RangesReader(ranges);
        return new StreamReader(await source.OpenAsync(cancellationToken), source.Length);
    }

    private sealed class RangesReader(IRangeReader ranges) : PartReader
    {
        public override ValueTask ReadAsync(long offset, Memory<byte> part, Action<int> arrived, CancellationToken cancellationToken) =>
            ranges.ReadAsync(offset, part, arrived, cancellationToken);

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class FileReader(SafeFileHandle file, long length) : PartReader
    {
        public static FileReader Open(string path, long length)
        {
            SafeFileHandle file;
            try
            {
                file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.Asynchronous);
            }
            catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
            {
                throw new DeliverySourceException("source file does not exist", missing);
            }
            catch (UnauthorizedAccessException denied)
            {
                throw new DeliverySourceException("source file cannot be opened: permission denied", denied);
            }
            catch (IOException error)
            {
                throw new DeliverySourceException($"source file cannot be opened: {Describe(error)}", error);
            }

            var found = RandomAccess.GetLength(file);
            if (found == length)
                return new FileReader(file, length);
            file.Dispose();
            throw new DeliverySourceException($"source file has {found} bytes instead of {length}");
        }

        public override async ValueTask ReadAsync(long offset, Memory<byte> part, Action<int> arrived, CancellationToken cancellationToken)
        {
            while (!part.IsEmpty)
            {
                var read = await ReadSomeAsync(offset, part, cancellationToken);
                if (read == 0)
                    throw new DeliverySourceException($"source file has only {offset} bytes instead of {length}");
                arrived(read);
                offset += read;
                part = part[read..];
            }
        }

        public override ValueTask DisposeAsync()
        {
            file.Dispose();
            return ValueTask.CompletedTask;
        }

        private async ValueTask<int> ReadSomeAsync(long offset, Memory<byte> part, CancellationToken cancellationToken)
        {
            try
            {
                return await RandomAccess.ReadAsync(file, part, offset, cancellationToken);
            }
            catch (IOException broken)
            {
                throw new DeliverySourceException($"source file cannot be read: {Describe(broken)}", broken);
            }
        }

        // Not the message: it names the path.
        private static string Describe(IOException error) => Marshal.GetPInvokeErrorMessage(error.HResult);
    }

    private sealed class StreamReader(Stream stream, long length) : PartReader
    {
        public override bool ReadsAnywhere => false;

        public override async ValueTask ReadAsync(long offset, Memory<byte> part, Action<int> arrived, CancellationToken cancellationToken)
        {
            while (!part.IsEmpty)
            {
                var read = await ReadSomeAsync(part, cancellationToken);
                if (read == 0)
                    throw new DeliverySourceException($"source file has only {offset} bytes instead of {length}");
                arrived(read);
                offset += read;
                part = part[read..];
            }
        }

        public override async ValueTask EndAsync(CancellationToken cancellationToken)
        {
            if (await ReadSomeAsync(new byte[1], cancellationToken) > 0)
                throw new DeliverySourceException($"source file has more than {length} bytes");
        }

        public override ValueTask DisposeAsync() => stream.DisposeAsync();

        private async ValueTask<int> ReadSomeAsync(Memory<byte> part, CancellationToken cancellationToken)
        {
            try
            {
                return await stream.ReadAsync(part, cancellationToken);
            }
            catch (IOException broken) when (broken is not DeliverySourceException)
            {
                throw new DeliverySourceException($"source file cannot be read: {broken.Message}", broken);
            }
        }
    }
}
