using Dex.UploadServer.Hosting;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Messaging;

/// <summary>Where report and event files go.</summary>
internal sealed class MessagingOptions
{
    /// <summary>Folder of report files, created on demand. <c>LOCAL_REPORTS_FOLDER</c></summary>
    public string ReportsFolder { get; set; } = "./uploads/reports";

    /// <summary>Folder of event files, created on demand. <c>LOCAL_EVENTS_FOLDER</c></summary>
    public string EventsFolder { get; set; } = "./uploads/events";

    public static void Read(MessagingOptions options, EnvironmentReader env)
    {
        options.ReportsFolder = env.Text("LOCAL_REPORTS_FOLDER", options.ReportsFolder);
        options.EventsFolder = env.Text("LOCAL_EVENTS_FOLDER", options.EventsFolder);
    }
}

internal sealed class MessagingOptionsValidator : IValidateOptions<MessagingOptions>
{
    public ValidateOptionsResult Validate(string? name, MessagingOptions options)
    {
        var problems = new List<string>();
        if (options.ReportsFolder.Contains('\0', StringComparison.Ordinal))
            problems.Add("LOCAL_REPORTS_FOLDER is not a path.");
        if (options.EventsFolder.Contains('\0', StringComparison.Ordinal))
            problems.Add("LOCAL_EVENTS_FOLDER is not a path.");
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
