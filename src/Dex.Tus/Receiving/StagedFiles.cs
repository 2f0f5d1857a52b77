namespace Dex.Tus.Receiving;

/// <summary>How bodies are called that wait in <see cref="TusOptions.StagingFolder"/>. Such a file has its name for a moment only, unless the process is killed in it.</summary>
public static class StagedFiles
{
    /// <summary>How the names end.</summary>
    public const string Suffix = ".chunk.tmp";

    /// <summary>A name that nobody else has.</summary>
    public static string NewName() => $".{Guid.NewGuid():N}{Suffix}";

    /// <summary>Whether a file name is one that was given here.</summary>
    public static bool IsName(ReadOnlySpan<char> name) =>
        name.Length == 1 + 32 + Suffix.Length && name[0] == '.' && name.EndsWith(Suffix, StringComparison.Ordinal)
        && Guid.TryParseExact(name[1..33], "N", out _);
}
