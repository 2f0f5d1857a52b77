namespace Dex.UploadServer.Hosting;

/// <summary>Stops the start: one ERROR line with <see cref="Exception.Message"/> and an <c>error</c> field, exit code 1 (spec: config.md 4).</summary>
/// <remarks>Thrown while building or from <see cref="IStartupValidation.FindProblems"/>; a hosted service that throws it gets a second line from the host.</remarks>
/// <param name="message">The text operators match, e.g. <c>error starting app, error initialize dex handler</c>.</param>
/// <param name="error">What is wrong, by the name of the variable or file; never a secret.</param>
internal sealed class StartupFailureException(string message, string error) : Exception(message)
{
    public const string Configuration = "error starting app, error parsing app config";

    public string Error { get; } = error;

    /// <summary>The port that could not be had, for the field of that name.</summary>
    public int? Port { get; init; }
}
