using Dex.UploadServer.Storage.Objects;

namespace Dex.UploadServer.Storage.S3;

/// <summary>The id that a record in S3 bears: that of the upload, and of the multipart upload that takes its bytes (spec: tus.md S32).</summary>
internal static class S3LongId
{
    public static string Of(string uploadId, string multipartId) => $"{uploadId}+{multipartId}";

    /// <summary>The multipart upload's id in a record's; null if there is none in it.</summary>
    public static string? MultipartId(string longId) =>
        longId.IndexOf('+', StringComparison.Ordinal) is >= 0 and var plus && plus + 1 < longId.Length ? longId[(plus + 1)..] : null;

    /// <exception cref="InvalidDataException">The record names none.</exception>
    public static string MultipartIdOf(StoredUpload upload) =>
        MultipartId(upload.Record.Id) ?? throw new InvalidDataException("the upload's record names no multipart upload");
}
