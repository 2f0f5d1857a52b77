using Dex.Tus.Stores;

namespace Dex.Tus.Digests;

/// <summary>Compares a finished upload with what its sender declared, once and for good (spec: tus.md DR22).</summary>
public sealed class DigestVerification(IUploadStore store)
{
    /// <summary>The upload with <see cref="UploadDigests.Computed"/> filled in, as far as something was declared. Idempotent; what was computed before is not computed again.</summary>
    /// <param name="upload">Finished by the store, under its lock.</param>
    /// <exception cref="IOException">Storage failed; the upload is not verified and this may be called again.</exception>
    public ValueTask<Upload> VerifyAsync(Upload upload, CancellationToken cancellationToken) => VerifyAsync(upload, null, null, cancellationToken);

    /// <param name="upload">Finished by the store, under its lock.</param>
    /// <param name="arrived">Digests that ran along while the bytes arrived.</param>
    /// <param name="wanted">One more digest to compute, for this answer only.</param>
    internal ValueTask<Upload> VerifyAsync(Upload upload, RunningDigests? arrived, DigestAlgorithm? wanted, CancellationToken cancellationToken) =>
        upload.Digests is null && wanted is null ? new(upload) : CompareAsync(upload, arrived, wanted, cancellationToken);

    private async ValueTask<Upload> CompareAsync(Upload upload, RunningDigests? arrived, DigestAlgorithm? wanted, CancellationToken cancellationToken)
    {
        var known = upload.Digests ?? new UploadDigests();
        var algorithms = known.Declared.Select(digest => digest.Algorithm);
        if (wanted is not null)
            algorithms = algorithms.Append(wanted);
        DigestAlgorithm[] missing = [.. algorithms.Distinct().Where(algorithm => known.FindComputed(algorithm) is null)];
        if (missing.Length == 0)
            return upload;

        if (arrived?.Length != upload.Length)
            arrived = null;
        var found = missing.ToDictionary(
            algorithm => algorithm,
            algorithm => algorithm == DigestAlgorithm.Crc32C && upload.Crc32C is { } crc ? RunningDigests.OfCrc(crc) : arrived?.Find(algorithm));
        DigestAlgorithm[] unknown = [.. missing.Where(algorithm => found[algorithm] is null)];
        if (unknown.Length > 0 && store is IDigestStore readable)
        {
            using var read = await ReadAsync(readable, upload, unknown, cancellationToken);
            foreach (var algorithm in unknown)
                found[algorithm] = read.Find(algorithm);
        }

        var digests = known with { Computed = [.. known.Computed, .. found.Values.OfType<UploadDigest>()] };
        upload = upload with { Digests = digests };
        if (!digests.Declared.IsEmpty)
            await ((IDigestStore)store).RecordDigestsAsync(upload, cancellationToken);
        return upload;
    }

    private static async ValueTask<RunningDigests> ReadAsync(
        IDigestStore store, Upload upload, IEnumerable<DigestAlgorithm> algorithms, CancellationToken cancellationToken)
    {
        await using var stored = await store.OpenAsync(upload, cancellationToken);
        var running = new RunningDigests(algorithms);
        await running.AppendAsync(stored, cancellationToken);
        return running.Length == upload.Length ? running : throw new EndOfStreamException("an upload's data does not have its length");
    }
}
