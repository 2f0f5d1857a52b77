using System.Collections.Immutable;

namespace Dex.UploadServer.Delivery.Configuration;

/// <summary>The delivery file cannot be used: the start ends with every problem in it, without any value that may be secret.</summary>
internal sealed class DeliveryConfigurationException : Exception
{
    public DeliveryConfigurationException() { }
    public DeliveryConfigurationException(string message) : base(message) => Problems = [message];
    public DeliveryConfigurationException(string message, Exception innerException) : base(message, innerException) => Problems = [message];
    public DeliveryConfigurationException(ImmutableArray<string> problems) : base(string.Join("; ", problems)) => Problems = problems;

    public ImmutableArray<string> Problems { get; } = [];
}
