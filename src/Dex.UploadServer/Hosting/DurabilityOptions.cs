namespace Dex.UploadServer.Hosting;

/// <summary>How much of what was answered outlives a power failure (spec: config.md 2.6a).</summary>
internal sealed class DurabilityOptions
{
    /// <summary><c>none</c>, <c>final</c> or <c>every</c>. Default <c>final</c>. <c>UPLOAD_DURABILITY</c></summary>
    public UploadDurability Durability { get; set; } = UploadDurability.Final;

    public static void Read(DurabilityOptions options, EnvironmentReader env) => options.Durability =
        env.Choice("UPLOAD_DURABILITY", options.Durability, ("none", UploadDurability.None), ("final", UploadDurability.Final), ("every", UploadDurability.Every));
}
