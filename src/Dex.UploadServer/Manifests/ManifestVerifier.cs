using System.Collections.Immutable;

namespace Dex.UploadServer.Manifests;

/// <inheritdoc cref="IManifestVerifier"/>
internal sealed partial class ManifestVerifier(ManifestConfigs configs, ILogger<ManifestVerifier> logger) : IManifestVerifier
{
    private const string Failure = "validation failure";

    public async ValueTask<ManifestVerdict> VerifyAsync(ImmutableSortedDictionary<string, string> manifest, CancellationToken cancellationToken)
    {
        if (!manifest.TryGetValue(ManifestKeys.DataStreamId, out var dataStreamId))
            return Refused(Failure, $"field {ManifestKeys.DataStreamId} was missing");
        if (!manifest.TryGetValue(ManifestKeys.DataStreamRoute, out var dataStreamRoute))
            return Refused(Failure, $"field {ManifestKeys.DataStreamRoute} was missing");

        var name = ManifestConfigName.For(dataStreamId, dataStreamRoute);
        if (await configs.FindAsync(name, cancellationToken) is not { } config)
            return Refused($"open {OnOneLine(name)}: no such file or directory", Failure, "manifest validation config file not found");

        LogChecking(name);
        var problems = ImmutableArray.CreateBuilder<string>();
        var unlisted = ManifestKeys.FileNames.ToList();
        foreach (var field in config.Fields)
        {
            CheckField(field, manifest, problems);
            unlisted.Remove(field.Name);
        }

        // The usual config lists one of the four, and another one may name the delivered file.
        foreach (var key in unlisted)
            CheckFileName(key, manifest, problems);
        return new ManifestVerdict(problems.DrainToImmutable());
    }

    private static void CheckField(ManifestField field, ImmutableSortedDictionary<string, string> manifest, ImmutableArray<string>.Builder problems)
    {
        if (!manifest.TryGetValue(field.Name, out var value))
        {
            if (field.Required)
                problems.AddRange(Failure, $"field {field.Name} was missing");
            return;
        }

        if (field.AllowedValues.IsEmpty)
        {
            if (ManifestKeys.FileNames.Contains(field.Name))
                CheckFileName(field.Name, manifest, problems);
        }
        else if (!field.AllowedValues.Contains(value, StringComparer.Ordinal))
        {
            problems.AddRange(Failure, $"{field.Name} had disallowed value {OnOneLine(value)}");
        }
    }

    private static void CheckFileName(string key, ImmutableSortedDictionary<string, string> manifest, ImmutableArray<string>.Builder problems)
    {
        if (manifest.TryGetValue(key, out var value) && !FileNameRules.Accept(value))
            problems.Add($"invalid character found in {OnOneLine(value)} validation failure");
    }

    private static ManifestVerdict Refused(params ImmutableArray<string> problems) => new(problems);

    // Readers split reports at line breaks: one problem must stay one line.
    private static string OnOneLine(string value) =>
        value.Replace("\r\n", " ", StringComparison.Ordinal).Replace('\n', ' ').Replace('\r', ' ');

    [LoggerMessage(LogLevel.Information, "checking config {config}")]
    private partial void LogChecking(string config);
}
