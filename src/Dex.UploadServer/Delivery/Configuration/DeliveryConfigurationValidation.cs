using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Delivery.Configuration;

/// <summary>Reads the delivery file before the server listens, and says what is wrong in the words operators match (spec: config.md 4).</summary>
internal sealed class DeliveryConfigurationValidation(IServiceProvider services) : IStartupValidation
{
    /// <exception cref="StartupFailureException">The delivery file is missing or wrong.</exception>
    public IEnumerable<string> FindProblems()
    {
        try
        {
            _ = services.GetRequiredService<DeliveryConfiguration>();
            return [];
        }
        catch (DeliveryConfigurationException refused)
        {
            throw new StartupFailureException("error starting app, error initialize dex handler", refused.Message);
        }
    }
}
