using System.Text.RegularExpressions;
using Dex.Tus;
using Dex.UploadServer.Hosting;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Uploads;

/// <summary>Limits and time-outs of uploads, handed on to the protocol engine (spec: reliability.md 9, tus.md 15 and 16).</summary>
internal sealed class UploadsOptions
{
    /// <summary>Most bytes one upload may have; unset for no limit. <c>UPLOAD_MAX_SIZE</c></summary>
    public long? MaxSize { get; set; }

    /// <summary>Seconds an unfinished upload is kept after its last byte; unset for ever. <c>UPLOAD_EXPIRATION</c></summary>
    public TimeSpan? Expiration { get; set; }

    /// <summary>Seconds to wait for the next byte of a body. Default 60. <c>UPLOAD_READ_TIMEOUT</c></summary>
    public TimeSpan ReadTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Seconds a request waits for an upload that another holds. Default 20. <c>UPLOAD_LOCK_TIMEOUT</c></summary>
    public TimeSpan LockTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Seconds a store may go on saving what arrived before a client left. Default 10. <c>UPLOAD_GRACE_PERIOD</c></summary>
    public TimeSpan GracePeriod { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Seconds the rest of a refused body is read and dropped. Default 30. <c>UPLOAD_DRAIN_TIMEOUT</c></summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Most keys in <c>Upload-Metadata</c>. Default 1000. <c>UPLOAD_METADATA_MAX_KEYS</c></summary>
    public int MaxMetadataKeys { get; set; } = 1000;

    /// <summary>Most decoded bytes in <c>Upload-Metadata</c>. Default 65536. <c>UPLOAD_METADATA_MAX_BYTES</c></summary>
    public int MaxMetadataBytes { get; set; } = 64 * 1024;

    /// <summary>Regular expression for the origins browsers may call from; unset for any. <c>UPLOAD_ALLOWED_ORIGINS</c></summary>
    public Regex? AllowedOrigins { get; set; }

    /// <summary>Days for which deliveries that a predecessor ordered and never made are still made after a switch-over. Default 30. <c>ADOPTION_MAX_AGE_DAYS</c></summary>
    public TimeSpan AdoptionAge { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Manifest keys that label <c>upload_manifest_count</c>, in order. <c>METRICS_LABELS_FROM_MANIFEST</c></summary>
    public IReadOnlyList<string> ManifestLabels { get; set; } = ["data_stream_id", "data_stream_route", "sender_id"];

    public static void Read(UploadsOptions options, EnvironmentReader env)
    {
        if (env.Has("UPLOAD_MAX_SIZE"))
            options.MaxSize = env.LongInteger("UPLOAD_MAX_SIZE", 0);
        if (env.Has("UPLOAD_EXPIRATION"))
            options.Expiration = env.Seconds("UPLOAD_EXPIRATION", TimeSpan.FromDays(7));
        options.ReadTimeout = env.Seconds("UPLOAD_READ_TIMEOUT", options.ReadTimeout);
        options.LockTimeout = env.Seconds("UPLOAD_LOCK_TIMEOUT", options.LockTimeout);
        options.GracePeriod = env.Seconds("UPLOAD_GRACE_PERIOD", options.GracePeriod);
        options.DrainTimeout = env.Seconds("UPLOAD_DRAIN_TIMEOUT", options.DrainTimeout);
        options.MaxMetadataKeys = env.Integer("UPLOAD_METADATA_MAX_KEYS", options.MaxMetadataKeys);
        options.MaxMetadataBytes = env.Integer("UPLOAD_METADATA_MAX_BYTES", options.MaxMetadataBytes);
        options.AdoptionAge = env.Days("ADOPTION_MAX_AGE_DAYS", options.AdoptionAge);
        options.ManifestLabels = env.List("METRICS_LABELS_FROM_MANIFEST", options.ManifestLabels);
        if (env.OptionalText("UPLOAD_ALLOWED_ORIGINS") is not { } pattern)
            return;
        try
        {
            // Without back-tracking: an Origin header comes from anybody.
            options.AllowedOrigins = new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception error) when (error is ArgumentException or NotSupportedException)
        {
            env.Complain($"UPLOAD_ALLOWED_ORIGINS is not a usable regular expression: {error.Message}");
        }
    }

    public void CopyTo(TusOptions tus)
    {
        tus.MaxSize = MaxSize;
        tus.Expiration = Expiration;
        tus.ReadTimeout = ReadTimeout;
        tus.LockTimeout = LockTimeout;
        tus.GracePeriod = GracePeriod;
        tus.DrainTimeout = DrainTimeout;
        tus.MaxMetadataKeys = MaxMetadataKeys;
        tus.MaxMetadataBytes = MaxMetadataBytes;
        tus.AllowedOrigins = AllowedOrigins;
    }
}

internal sealed class UploadsOptionsValidator : IValidateOptions<UploadsOptions>
{
    public ValidateOptionsResult Validate(string? name, UploadsOptions options)
    {
        List<string> problems = [];
        if (options.MaxSize < 1)
            problems.Add($"UPLOAD_MAX_SIZE is {options.MaxSize}; it must be 1 or more bytes.");
        if (options.Expiration is { } expiration)
            Positive("UPLOAD_EXPIRATION", expiration);
        Positive("UPLOAD_READ_TIMEOUT", options.ReadTimeout);
        Positive("UPLOAD_LOCK_TIMEOUT", options.LockTimeout);
        Positive("UPLOAD_GRACE_PERIOD", options.GracePeriod);
        Positive("UPLOAD_DRAIN_TIMEOUT", options.DrainTimeout);
        if (options.MaxMetadataKeys < 1)
            problems.Add($"UPLOAD_METADATA_MAX_KEYS is {options.MaxMetadataKeys}; it must be 1 or more.");
        if (options.MaxMetadataBytes < 1)
            problems.Add($"UPLOAD_METADATA_MAX_BYTES is {options.MaxMetadataBytes}; it must be 1 or more.");
        if (options.AdoptionAge < TimeSpan.Zero)
            problems.Add($"ADOPTION_MAX_AGE_DAYS is {options.AdoptionAge.TotalDays}; it must be 0 or more.");
        foreach (var label in options.ManifestLabels)
        {
            if (!IsLabelName(label))
                problems.Add($"METRICS_LABELS_FROM_MANIFEST has \"{label}\"; a label is letters, digits and underscores, and begins with no digit.");
        }

        if (options.ManifestLabels.Distinct(StringComparer.Ordinal).Count() != options.ManifestLabels.Count)
            problems.Add("METRICS_LABELS_FROM_MANIFEST names a label twice.");
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);

        void Positive(string variable, TimeSpan value)
        {
            if (value <= TimeSpan.Zero)
                problems.Add($"{variable} is {value.TotalSeconds}; it must be 1 or more seconds.");
        }
    }

    private static bool IsLabelName(string text) =>
        text.Length > 0 && !char.IsAsciiDigit(text[0]) && !text.StartsWith("__", StringComparison.Ordinal)
        && text.All(character => char.IsAsciiLetterOrDigit(character) || character == '_');
}
