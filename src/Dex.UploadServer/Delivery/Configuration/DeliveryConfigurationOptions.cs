using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Delivery.Configuration;

/// <summary>Where the delivery file is (spec: config.md 5).</summary>
internal sealed class DeliveryConfigurationOptions
{
    /// <summary>Used if it exists and no file is named, first one first.</summary>
    public IReadOnlyList<string> UsualFiles { get; set; } = ["./configs/local/delivery.yml", "./configs/local/deliver.yml"];

    /// <summary>File with targets and routing groups, relative to the working directory; it must exist. Default: the first of <see cref="UsualFiles"/> there is. <c>DEX_DELIVERY_CONFIG_FILE</c></summary>
    public string? File { get; set; }

    /// <summary>The file to read, or null when none is named and none of the usual ones is there.</summary>
    public string? FindFile() => File ?? UsualFiles.FirstOrDefault(System.IO.File.Exists);

    public static void Read(DeliveryConfigurationOptions options, EnvironmentReader env) =>
        options.File = env.OptionalText("DEX_DELIVERY_CONFIG_FILE");
}
