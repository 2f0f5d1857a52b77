using System.Text;

namespace Dex.UploadServer.Messaging.Azure;

/// <summary>Reads what an answer brings, up to a limit.</summary>
internal static class LimitedBody
{
    /// <returns>Null when there is more.</returns>
    public static async Task<byte[]?> ReadAsync(HttpContent content, int limit, CancellationToken cancellationToken)
    {
        await using var stream = await content.ReadAsStreamAsync(cancellationToken);
        using var bytes = new MemoryStream();
        var block = new byte[8192];
        while (await stream.ReadAsync(block, cancellationToken) is > 0 and var read)
        {
            if (bytes.Length + read > limit)
                return null;
            bytes.Write(block, 0, read);
        }

        return bytes.ToArray();
    }

    public static async Task<string?> ReadTextAsync(HttpContent content, int limit, CancellationToken cancellationToken) =>
        await ReadAsync(content, limit, cancellationToken) is { } bytes ? Encoding.UTF8.GetString(bytes) : null;
}
