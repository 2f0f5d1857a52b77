using Dex.Tus;
using Dex.UploadServer.Hosting;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Uploads;

/// <summary>How much one client may do (spec: tus.md X5). A client is the address that the connection comes from, so these are for servers without a gateway in front.</summary>
internal sealed class ClientLimitOptions
{
    /// <summary>Creations and appends of one client at the same time, 1 or more; unset for no limit. <c>UPLOAD_CLIENT_MAX_REQUESTS</c></summary>
    public int? Requests { get; set; }

    /// <summary>Creations of one client in a minute, 1 or more; unset for no limit. <c>UPLOAD_CLIENT_CREATIONS_PER_MINUTE</c></summary>
    public int? CreationsPerMinute { get; set; }

    public static void Read(ClientLimitOptions options, EnvironmentReader env)
    {
        if (env.Has("UPLOAD_CLIENT_MAX_REQUESTS"))
            options.Requests = env.Integer("UPLOAD_CLIENT_MAX_REQUESTS", 0);
        if (env.Has("UPLOAD_CLIENT_CREATIONS_PER_MINUTE"))
            options.CreationsPerMinute = env.Integer("UPLOAD_CLIENT_CREATIONS_PER_MINUTE", 0);
    }

    public void CopyTo(TusOptions tus)
    {
        tus.MaxBodiesPerClient = Requests;
        tus.MaxCreationsPerClientAndMinute = CreationsPerMinute;
    }
}

internal sealed class ClientLimitOptionsValidator : IValidateOptions<ClientLimitOptions>
{
    public ValidateOptionsResult Validate(string? name, ClientLimitOptions options)
    {
        List<string> problems = [];
        if (options.Requests < 1)
            problems.Add($"UPLOAD_CLIENT_MAX_REQUESTS is {options.Requests}; it must be 1 or more.");
        if (options.CreationsPerMinute < 1)
            problems.Add($"UPLOAD_CLIENT_CREATIONS_PER_MINUTE is {options.CreationsPerMinute}; it must be 1 or more.");
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
