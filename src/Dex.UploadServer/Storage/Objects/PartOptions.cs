using Dex.UploadServer.Hosting;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Storage.Objects;

/// <summary>Uploads are cut into pieces in memory on their way to an object store; how large these are, and how much of it they may take.</summary>
internal sealed class PartOptions
{
    /// <summary>Bytes of memory for pieces of all uploads together. When it is taken, bodies wait to be read. Default 128 MiB. <c>STORE_PART_MEMORY</c></summary>
    public long Memory { get; set; } = 128L << 20;

    /// <summary>Bytes of a usual piece. Default 8 MiB. <c>STORE_PART_SIZE</c></summary>
    public long Size { get; set; } = 8L << 20;

    /// <summary>Pieces of one upload in memory at the same time: one that fills, the others on their way. With 1 it is filled and sent in turn. Default 4. <c>STORE_PARTS_PER_UPLOAD</c></summary>
    public int PerUpload { get; set; } = 4;

    public static void Read(PartOptions options, EnvironmentReader env)
    {
        options.Memory = env.LongInteger("STORE_PART_MEMORY", options.Memory);
        options.Size = env.LongInteger("STORE_PART_SIZE", options.Size);
        options.PerUpload = env.Integer("STORE_PARTS_PER_UPLOAD", options.PerUpload);
    }
}

internal sealed class PartOptionsValidator : IValidateOptions<PartOptions>
{
    /// <summary>No store takes smaller pieces.</summary>
    private const long SmallestSize = 5L << 20;

    public ValidateOptionsResult Validate(string? name, PartOptions options)
    {
        List<string> problems = [];
        if (options.Size < SmallestSize)
            problems.Add($"STORE_PART_SIZE is {options.Size}; it must be {SmallestSize} or more bytes.");
        if (options.Memory / 2 < options.Size + PartPool.BlockBytes)
            problems.Add("STORE_PART_MEMORY must be at least twice STORE_PART_SIZE and 512 KiB.");
        if (options.PerUpload < 1)
            problems.Add($"STORE_PARTS_PER_UPLOAD is {options.PerUpload}; it must be 1 or more.");
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
