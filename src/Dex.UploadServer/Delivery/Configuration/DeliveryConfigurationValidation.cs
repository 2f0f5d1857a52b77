using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Delivery.Configuration;

/// <summary>Has the delivery file read before the server listens, with everything else that can object (spec: config.md 4).</summary>
internal sealed class DeliveryConfigurationValidation(IServiceProvider services) : IStartupValidation
{
    /// <exception cref="StartupFailureException">The delivery file is missing or wrong.</exception>
    public IEnumerable<string> FindProblems()
    {
        _ = services.GetRequiredService<DeliveryConfiguration>();
        return [];
    }
}
