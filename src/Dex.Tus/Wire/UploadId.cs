namespace Dex.Tus.Wire;

/// <summary>The only form an upload's id may take: a UUID in lower case, 36 characters (spec: tus.md R2, R3).</summary>
public static class UploadId
{
    /// <summary>A new random id.</summary>
    public static string Create() => Guid.NewGuid().ToString("D");

    /// <summary>Whether the text is an id. Nothing else may reach a lock, store or path: this is the whole defence against traversal.</summary>
    public static bool IsValid(ReadOnlySpan<char> text)
    {
        if (text.Length != 36)
            return false;
        for (var i = 0; i < text.Length; i++)
        {
            var isDash = i is 8 or 13 or 18 or 23;
            if (isDash ? text[i] != '-' : !char.IsAsciiHexDigitLower(text[i]))
                return false;
        }

        return true;
    }
}
