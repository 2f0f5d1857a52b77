using Dex.UploadServer.Hosting;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Storage.Objects;

/// <summary>How files are carried from and to object stores (spec: delivery.md 9).</summary>
internal sealed class TransferOptions
{
    /// <summary>No store takes a smaller part, unless it is the last one.</summary>
    public const int LeastPartBytes = 5 << 20;

    /// <summary>A part lies in memory as a whole.</summary>
    public const int MostPartBytes = 512 << 20;

    /// <summary>Bytes of a part. Default 8 MiB. <c>DELIVERY_PART_BYTES</c></summary>
    public int PartBytes { get; set; } = 8 << 20;

    /// <summary>Parts of one delivery under way at the same time, 1 or more. Default 8. <c>DELIVERY_PARALLEL_PARTS</c></summary>
    public int ParallelParts { get; set; } = 8;

    /// <summary>Bytes that the parts of all deliveries take together; beyond it each has one part at a time. Default 64 MiB. <c>DELIVERY_MEMORY_BYTES</c></summary>
    public long MemoryBytes { get; set; } = 64 << 20;

    /// <summary>Whether a store may copy by itself what it holds already. Default true. <c>DELIVERY_SERVER_SIDE_COPY</c></summary>
    public bool ServerSideCopy { get; set; } = true;

    /// <summary>Whether a store may also fetch from one of another provider, by a link that anybody who has it can read the file with while it lasts. Default false. <c>DELIVERY_COPY_ACROSS_CLOUDS</c></summary>
    public bool CopyAcrossClouds { get; set; }

    /// <summary>How long such a link, or one to a store of the same provider, is good for.</summary>
    public TimeSpan LinkLife { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Bytes up to which a store is asked to copy in one call; no store takes more.</summary>
    public long CopyAtOnceBytes { get; set; } = 5L << 30;

    /// <summary>How long such a call may take, well before silence counts as a failure.</summary>
    public TimeSpan CopyAtOncePatience { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Bytes of a part that a store copies by itself: long enough to be few, short enough to be done soon.</summary>
    public long CopyPartBytes { get; set; } = 64 << 20;

    public static void Read(TransferOptions options, EnvironmentReader env)
    {
        options.PartBytes = env.Integer("DELIVERY_PART_BYTES", options.PartBytes);
        options.ParallelParts = env.Integer("DELIVERY_PARALLEL_PARTS", options.ParallelParts);
        options.MemoryBytes = env.LongInteger("DELIVERY_MEMORY_BYTES", options.MemoryBytes);
        options.ServerSideCopy = env.Boolean("DELIVERY_SERVER_SIDE_COPY", options.ServerSideCopy);
        options.CopyAcrossClouds = env.Boolean("DELIVERY_COPY_ACROSS_CLOUDS", options.CopyAcrossClouds);
    }
}

internal sealed class TransferOptionsValidator : IValidateOptions<TransferOptions>
{
    public ValidateOptionsResult Validate(string? name, TransferOptions options)
    {
        List<string> problems = [];
        if (options.PartBytes is < TransferOptions.LeastPartBytes or > TransferOptions.MostPartBytes)
            problems.Add($"DELIVERY_PART_BYTES is {options.PartBytes}; it must be {TransferOptions.LeastPartBytes} to {TransferOptions.MostPartBytes}.");
        if (options.ParallelParts is < 1 or > 1000)
            problems.Add($"DELIVERY_PARALLEL_PARTS is {options.ParallelParts}; it must be 1 to 1000.");
        if (options.MemoryBytes < 0)
            problems.Add($"DELIVERY_MEMORY_BYTES is {options.MemoryBytes}; it must be 0 or more.");
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
