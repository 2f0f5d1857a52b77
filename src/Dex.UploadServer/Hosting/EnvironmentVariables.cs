using System.Collections;
using System.Text;

namespace Dex.UploadServer.Hosting;

/// <summary>The variables the server is configured by: those of the process, then those of a dotenv file (spec: config.md 1).</summary>
internal static class EnvironmentVariables
{
    private const string Failure = "error loading local configuration";
    private const int FileMaxBytes = 1024 * 1024;

    public static IReadOnlyDictionary<string, string> OfProcess() =>
        Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value ?? "", StringComparer.Ordinal);

    /// <summary>Adds the file's variables; one that is there already wins, even if empty.</summary>
    /// <exception cref="StartupFailureException">The file cannot be opened or parsed.</exception>
    public static IReadOnlyDictionary<string, string> WithFile(IReadOnlyDictionary<string, string> variables, string file)
    {
        try
        {
            var merged = new Dictionary<string, string>(DotenvParser.Parse(ReadText(file)), StringComparer.Ordinal);
            foreach (var (name, value) in variables)
                merged[name] = value;
            return merged;
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new StartupFailureException(Failure, $"open {file}: no such file or directory");
        }
        catch (Exception unusable) when (unusable is IOException or UnauthorizedAccessException or FormatException or ArgumentException)
        {
            throw new StartupFailureException(Failure, $"{file}: {unusable.Message}");
        }
    }

    private static string ReadText(string file)
    {
        using var stream = File.OpenRead(file);
        var bytes = new byte[FileMaxBytes + 1];
        var length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return length <= FileMaxBytes
            ? Encoding.UTF8.GetString(bytes, 0, length)
            : throw new FormatException($"the file is larger than {FileMaxBytes} bytes");
    }
}
