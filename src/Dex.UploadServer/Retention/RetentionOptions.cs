using Dex.UploadServer.Hosting;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Retention;

/// <summary>When and what the upload store is cleaned of. When an unfinished upload expires is the engine's to say (<c>UPLOAD_EXPIRATION</c>).</summary>
internal sealed class RetentionOptions
{
    /// <summary>Between sweeps when uploads expire and nobody said otherwise.</summary>
    public static readonly TimeSpan UsualInterval = TimeSpan.FromHours(1);

    /// <summary>Seconds between two sweeps, at most 30 days; unset for <see cref="UsualInterval"/> if uploads expire, else for no sweeps. <c>UPLOAD_SWEEP_INTERVAL</c></summary>
    public TimeSpan? SweepInterval { get; set; }

    /// <summary>Whether sweeps only tell what they would remove. Default false. <c>UPLOAD_SWEEP_DRY_RUN</c></summary>
    public bool DryRun { get; set; }

    /// <summary>Seconds for which files that belong to no upload are left alone, 60 or more. Default one day. <c>UPLOAD_SWEEP_LEFTOVER_AGE</c></summary>
    public TimeSpan LeftoverAge { get; set; } = TimeSpan.FromDays(1);

    /// <summary>Seconds after which a finished part that no final upload waits for is removed; unset for never. <c>UPLOAD_PART_RETENTION</c></summary>
    public TimeSpan? PartRetention { get; set; }

    public static void Read(RetentionOptions options, EnvironmentReader env)
    {
        if (env.Has("UPLOAD_SWEEP_INTERVAL"))
            options.SweepInterval = env.Seconds("UPLOAD_SWEEP_INTERVAL", UsualInterval);
        options.DryRun = env.Boolean("UPLOAD_SWEEP_DRY_RUN", options.DryRun);
        options.LeftoverAge = env.Seconds("UPLOAD_SWEEP_LEFTOVER_AGE", options.LeftoverAge);
        if (env.Has("UPLOAD_PART_RETENTION"))
            options.PartRetention = env.Seconds("UPLOAD_PART_RETENTION", TimeSpan.FromDays(7));
    }
}

internal sealed class RetentionOptionsValidator : IValidateOptions<RetentionOptions>
{
    private static readonly TimeSpan LongestInterval = TimeSpan.FromDays(30);
    private static readonly TimeSpan ShortestAge = TimeSpan.FromMinutes(1);

    public ValidateOptionsResult Validate(string? name, RetentionOptions options)
    {
        List<string> problems = [];
        if (options.SweepInterval is { } interval && (interval <= TimeSpan.Zero || interval > LongestInterval))
            problems.Add($"UPLOAD_SWEEP_INTERVAL is {interval.TotalSeconds}; it must be 1 to {LongestInterval.TotalSeconds} seconds.");
        if (options.LeftoverAge < ShortestAge)
            problems.Add($"UPLOAD_SWEEP_LEFTOVER_AGE is {options.LeftoverAge.TotalSeconds}; it must be {ShortestAge.TotalSeconds} or more seconds.");
        if (options.PartRetention <= TimeSpan.Zero)
            problems.Add($"UPLOAD_PART_RETENTION is {options.PartRetention.Value.TotalSeconds}; it must be 1 or more seconds.");
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
