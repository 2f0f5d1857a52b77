namespace Dex.UploadServer.Messaging.Azure;

/// <summary>A namespace of Service Bus and what opens it. A class, so that nothing prints its secrets by accident.</summary>
internal sealed class ServiceBusAccess
{
    /// <summary>The namespace: https, or http to a stand-in on this machine.</summary>
    public required Uri Address { get; init; }

    /// <summary>Name of the key; null without one.</summary>
    public string? KeyName { get; init; }

    public string? Key { get; init; }

    /// <summary>A signature made by somebody else, as it goes into the header; null without one.</summary>
    public string? Signature { get; init; }

    /// <summary>The one queue or topic that this opens, or null.</summary>
    public string? EntityPath { get; init; }

    /// <summary>Whether there is neither key nor signature, so that Entra is asked for a token.</summary>
    public bool IsByIdentity => Key is null && Signature is null;
}
