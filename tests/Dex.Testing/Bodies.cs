using System.IO.Pipelines;
using Dex.Tus.Receiving;

namespace Dex.Testing;

/// <summary>Request bodies for tests of stores, filled beforehand.</summary>
public static class Bodies
{
    /// <summary>A body of these pieces, each handed out by itself where the pipe keeps them apart.</summary>
    /// <param name="limit">Bytes the upload may still take.</param>
    public static async Task<IncomingBody> OfAsync(long limit, params byte[][] pieces)
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        foreach (var piece in pieces)
            await pipe.Writer.WriteAsync(piece);
        await pipe.Writer.CompleteAsync();
        return new IncomingBody(pipe.Reader, limit, pieces.Sum(piece => (long)piece.Length), TimeSpan.FromSeconds(60), TimeProvider.System);
    }

    /// <summary>Bytes that differ from each other and from those of another seed.</summary>
    public static byte[] Random(int length, int seed = 1)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
