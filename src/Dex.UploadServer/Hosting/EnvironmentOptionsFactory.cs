using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Hosting;

/// <summary>Makes options from environment variables; those that its validators refuse are complained of at the start.</summary>
/// <remarks>
/// Refused options read as their defaults instead of throwing: the server is put together with them, routes and all,
/// only to be told everything that is wrong before it starts.
/// </remarks>
internal sealed class EnvironmentOptionsFactory<TOptions>(
    Action<TOptions, EnvironmentReader> read,
    EnvironmentReader environment,
    IEnumerable<IConfigureOptions<TOptions>> configurations,
    IEnumerable<IValidateOptions<TOptions>> validators) : IOptionsFactory<TOptions>, IStartupValidation
    where TOptions : class, new()
{
    public TOptions Create(string name)
    {
        var (options, problems) = Read();
        return problems.Count == 0 ? options : new TOptions();
    }

    public IEnumerable<string> FindProblems() => Read().Problems;

    private (TOptions Options, IReadOnlyCollection<string> Problems) Read()
    {
        var options = new TOptions();
        read(options, environment);
        foreach (var configuration in configurations)
            configuration.Configure(options);
        return (options, [.. validators.Select(validator => validator.Validate(null, options)).SelectMany(verdict => verdict.Failures ?? [])]);
    }
}
