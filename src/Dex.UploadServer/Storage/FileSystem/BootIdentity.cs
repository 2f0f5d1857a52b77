namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>Which run of the machine this is: what was written but never flushed is only sure within one (spec: reliability.md D1).</summary>
internal sealed record BootIdentity(Guid Id)
{
    private const string KernelFile = "/proc/sys/kernel/random/boot_id";

    /// <summary>The kernel's word; where it has none each start counts as another boot, so that nothing is trusted unseen.</summary>
    public static BootIdentity Read()
    {
        try
        {
            return new BootIdentity(Guid.Parse(File.ReadAllText(KernelFile).Trim()));
        }
        catch (Exception unknown) when (unknown is IOException or UnauthorizedAccessException or FormatException)
        {
            return new BootIdentity(Guid.NewGuid());
        }
    }
}
