using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Hosting;

internal static class EnvironmentOptionsExtensions
{
    /// <summary>Registers a room's options: <paramref name="read"/> spells the variables, the validator names them in its complaints.</summary>
    /// <remarks>All options registered here are read and validated before the server listens, and every complaint is shown at once.</remarks>
    public static IServiceCollection AddEnvironmentOptions<TOptions, TValidator>(
        this IServiceCollection services, Action<TOptions, EnvironmentReader> read)
        where TOptions : class, new()
        where TValidator : class, IValidateOptions<TOptions>
    {
        services.AddSingleton<IValidateOptions<TOptions>, TValidator>();
        return services.AddEnvironmentOptions(read);
    }

    /// <summary>Registers options of which every single value is possible once it could be read.</summary>
    public static IServiceCollection AddEnvironmentOptions<TOptions>(
        this IServiceCollection services, Action<TOptions, EnvironmentReader> read)
        where TOptions : class, new()
    {
        services.AddOptions();
        services.AddSingleton(read);
        services.AddSingleton<EnvironmentOptionsFactory<TOptions>>();
        services.AddSingleton<IOptionsFactory<TOptions>>(provider => provider.GetRequiredService<EnvironmentOptionsFactory<TOptions>>());
        services.AddSingleton<IStartupValidation>(provider => provider.GetRequiredService<EnvironmentOptionsFactory<TOptions>>());
        return services;
    }

    /// <summary>The variables, for a choice between services that must be made before there are any.</summary>
    public static EnvironmentReader Environment(this IServiceCollection services) =>
        (EnvironmentReader)services.Single(service => service.ServiceType == typeof(EnvironmentReader)).ImplementationInstance!;
}
