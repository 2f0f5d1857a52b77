namespace Dex.UploadServer.Tests.Hosting;

internal static class Variables
{
    public static IReadOnlyDictionary<string, string> None { get; } = new Dictionary<string, string>();

    /// <summary>Variables written as <c>NAME=value</c>, over a free port.</summary>
    public static IReadOnlyDictionary<string, string> Of(params IEnumerable<string> assignments)
    {
        var variables = new Dictionary<string, string> { ["SERVER_PORT"] = "0" };
        foreach (var assignment in assignments)
            variables[assignment[..assignment.IndexOf('=')]] = assignment[(assignment.IndexOf('=') + 1)..];
        return variables;
    }
}
