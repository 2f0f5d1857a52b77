using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Hosting.ReceiveMemory;

/// <summary>How much memory may hold bytes that were received and not yet stored.</summary>
internal sealed class ReceiveMemoryOptions
{
    /// <summary>Large blocks of all connections together, bytes, 0 for none. Default 67108864. <c>SERVER_RECEIVE_MEMORY_BYTES</c></summary>
    public long BudgetBytes { get; set; } = 64 * 1024 * 1024;

    public static void Read(ReceiveMemoryOptions options, EnvironmentReader env) =>
        options.BudgetBytes = env.LongInteger("SERVER_RECEIVE_MEMORY_BYTES", options.BudgetBytes);
}

internal sealed class ReceiveMemoryOptionsValidator : IValidateOptions<ReceiveMemoryOptions>
{
    public ValidateOptionsResult Validate(string? name, ReceiveMemoryOptions options) =>
        options.BudgetBytes is >= 0 and <= 64L * 1024 * 1024 * 1024
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail($"SERVER_RECEIVE_MEMORY_BYTES is {options.BudgetBytes}; it must be from 0 to 68719476736.");
}
