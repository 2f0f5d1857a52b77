using System.Globalization;
using Dex.Tus.Lifecycle;
using Dex.Tus.Stores;
using Microsoft.Extensions.Options;

namespace Dex.Tus.Operations;

/// <summary>What this server can do, for <c>OPTIONS</c> (spec: tus.md 3.1).</summary>
internal sealed class DescribeServer
{
    public DescribeServer(IUploadStore store, UploadExpiration expiration, IOptions<TusOptions> options)
    {
        List<string> extensions = ["creation", "creation-with-upload"];
        if (store is ITerminationStore)
            extensions.Add("termination");
        if (store is IConcatenationStore)
            extensions.Add("concatenation");
        if (store is ILengthDeferralStore)
            extensions.Add("creation-defer-length");
        if (expiration.IsOn)
            extensions.Add("expiration");
        extensions.AddRange(["checksum", "checksum-trailer"]);
        if (store is IPendingConcatenationStore)
            extensions.Add("concatenation-unfinished");
        Extensions = string.Join(',', extensions);
        MaxSize = options.Value.MaxSize?.ToString(CultureInfo.InvariantCulture);
        UploadLimit = MaxSize is null ? "min-size=0" : $"min-size=0,max-size={MaxSize}";
    }

    /// <summary>Value of <c>Tus-Extension</c>: what is really on for the configured store.</summary>
    public string Extensions { get; }

    /// <summary>Value of <c>Tus-Max-Size</c>, or null for no limit.</summary>
    public string? MaxSize { get; }

    /// <summary>Value of <c>Upload-Limit</c>.</summary>
    public string UploadLimit { get; }
}
