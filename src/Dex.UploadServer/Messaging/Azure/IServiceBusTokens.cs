using Dex.UploadServer.Messaging.Brokers;

namespace Dex.UploadServer.Messaging.Azure;

/// <summary>Gives what opens an entity; never one that is about to expire.</summary>
internal interface IServiceBusTokens
{
    /// <returns>The value of the <c>Authorization</c> header.</returns>
    /// <exception cref="BrokerException">There is none to be had.</exception>
    ValueTask<string> GetAsync(CancellationToken cancellationToken);
}
