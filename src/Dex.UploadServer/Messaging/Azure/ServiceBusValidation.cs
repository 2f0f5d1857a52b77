using Dex.UploadServer.Hosting;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Messaging.Azure;

/// <summary>Stops the start for what cannot be connected to, in the words operators know (spec: config.md 4).</summary>
internal sealed class ServiceBusValidation(IOptions<AzureMessagingOptions> options) : IStartupValidation
{
    public IEnumerable<string> FindProblems()
    {
        try
        {
            if (options.Value.Problems is [var (message, problem), ..])
                throw new StartupFailureException(message, problem);
        }
        catch (OptionsValidationException)
        {
            // Told by the options themselves.
        }

        return [];
    }
}
