namespace Dex.Tus.Wire;

/// <summary>The only form an upload's id may take: a UUID in lower case, 36 characters (spec: tus.md R2, R3).</summary>
public static class UploadId
{
    private const int Length = 36;
    private const int MultipartLimit = 1024;

    /// <summary>A new random id.</summary>
    public static string Create() => Guid.NewGuid().ToString("D");

    /// <summary>Whether the text is an id. Nothing else may reach a lock, store or path: this is the whole defence against traversal.</summary>
    public static bool IsValid(ReadOnlySpan<char> text)
    {
        if (text.Length != Length)
            return false;
        for (var i = 0; i < text.Length; i++)
        {
            var isDash = i is 8 or 13 or 18 or 23;
            if (isDash ? text[i] != '-' : !char.IsAsciiHexDigitLower(text[i]))
                return false;
        }

        return true;
    }

    /// <summary>As <see cref="IsValid"/>, or the long form that the predecessor gave uploads in S3: the id, a plus, and that of a multipart upload (spec: tus.md S32).</summary>
    /// <param name="uploadId">The part before the plus: what the upload is stored and locked under.</param>
    public static bool TryReadLong(ReadOnlySpan<char> text, out string uploadId)
    {
        uploadId = "";
        if (text.Length < Length || !IsValid(text[..Length]) || (text.Length > Length && !IsMultipart(text[Length..])))
            return false;
        uploadId = text[..Length].ToString();
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
