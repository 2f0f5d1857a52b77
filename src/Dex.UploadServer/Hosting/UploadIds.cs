using Dex.Tus.Wire;

namespace Dex.UploadServer.Hosting;

/// <summary>Upload ids as requests name them (spec: reliability.md S-1, http-api.md 12.4): the exact form we issue, or the long S3 form.</summary>
internal static class UploadIds
{
    private const int Length = 36;
    private const int MultipartLimit = 1024;

    /// <summary>Whether <paramref name="text"/> is <c>{uuid}</c> or <c>{uuid}+{multipart id}</c>; everything else is refused before any look-up.</summary>
    /// <param name="uploadId">The part before the plus: what the upload is stored under.</param>
    public static bool TryParse(string text, out string uploadId)
    {
        uploadId = "";
        if (text.Length < Length || !UploadId.IsValid(text.AsSpan(0, Length)) || (text.Length > Length && !IsMultipart(text.AsSpan(Length))))
            return false;
        uploadId = text[..Length];
        return true;
    }

    private static bool IsMultipart(ReadOnlySpan<char> text)
    {
        if (text.Length is < 2 or > MultipartLimit || text[0] != '+' || text.Contains("..", StringComparison.Ordinal))
            return false;
        foreach (var character in text[1..])
        {
            if (!char.IsAsciiLetterOrDigit(character) && character is not ('-' or '_' or '.' or '~' or '+' or '='))
                return false;
        }

        return true;
    }
}
