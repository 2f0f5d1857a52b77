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

    /// <summary>The same, for a server that is started: everything it writes lies in a folder of the test's own.</summary>
    public static IReadOnlyDictionary<string, string> In(TemporaryFolder folder, params IEnumerable<string> assignments) => Of([
        $"LOCAL_FOLDER_UPLOADS_TUS={folder.PathOf("uploads")}",
        $"LOCAL_REPORTS_FOLDER={folder.PathOf("reports")}",
        $"LOCAL_EVENTS_FOLDER={folder.PathOf("events")}",
        .. assignments,
    ]);
}
