using Dex.Tus.Wire;

namespace Dex.UploadServer.Hosting;

/// <summary>Upload ids as requests name them (spec: reliability.md S-1, http-api.md 12.4): the exact form we issue, or the long S3 form.</summary>
internal static class UploadIds
{
    /// <summary>Whether <paramref name="text"/> is <c>{uuid}</c> or <c>{uuid}+{multipart id}</c>; everything else is refused before any look-up.</summary>
    /// <param name="uploadId">The part before the plus: what the upload is stored under.</param>
    public static bool TryParse(string text, out string uploadId) => UploadId.TryReadLong(text, out uploadId);
}
