using Dex.Tus.Stores;

namespace Dex.Tus.Digests;

/// <summary>Keeps the digests of unfinished uploads running from one request to the next, so that a whole upload need not be read again. Lost with the process, and then it is.</summary>
/// <remarks>Called under the lock of the upload in question.</remarks>
internal sealed class DigestsInProgress
{
    private const int Most = 4096;

    private readonly Dictionary<string, RunningDigests> _kept = new(StringComparer.Ordinal);

    /// <summary>What goes on from the upload's offset; null if nobody wants a digest, or it can only be had by reading.</summary>
    /// <param name="wanted">By the request that sends bytes now.</param>
    public RunningDigests? Resume(Upload upload, DigestAlgorithm? wanted)
    {
        if (upload.Digests is null && wanted is null)
            return null;

        RunningDigests? running;
        lock (_kept)
            _kept.Remove(upload.Id, out running);
        if (running?.Length == upload.Offset)
            return running;
        running?.Dispose();
        var algorithms = Algorithms(upload, wanted);
        return upload.Offset == 0 && algorithms.Length > 0 ? new RunningDigests(algorithms) : null;
    }

    /// <summary>For the next request.</summary>
    public void Keep(Upload upload, RunningDigests? running)
    {
        if (running is null)
            return;
        if (upload.Digests is null || running.Length != upload.Offset)
        {
            running.Dispose();
            return;
        }

        lock (_kept)
        {
            // Uploads that nobody goes on with stay here until others need their place.
            if (_kept.Count >= Most && _kept.Remove(_kept.Keys.First(), out var other))
                other.Dispose();
            _kept[upload.Id] = running;
        }
    }

    // CRC-32C needs no running here: the store has it.
    private static DigestAlgorithm[] Algorithms(Upload upload, DigestAlgorithm? wanted)
    {
        var algorithms = upload.Digests?.Declared.Select(digest => digest.Algorithm) ?? [];
        if (wanted is not null)
            algorithms = algorithms.Append(wanted);
        return [.. algorithms.Where(algorithm => algorithm != DigestAlgorithm.Crc32C).Distinct()];
    }
}
