using Dex.UploadServer.Delivery;

namespace Dex.UploadServer.Storage.FileSystem;

/// <summary>What a failed call at a file target means for its delivery.</summary>
internal static class TargetFailure
{
    /// <param name="path">As the operator wrote the target, plus what was delivered: no other path of the server is told.</param>
    public static Exception Of(string operation, string path, int error)
    {
        var message = $"{operation} {LexicalPath.Clean(path)}: {DeliverySyscalls.Describe(error)}";
        return error == DeliverySyscalls.NameTooLong ? new DeliveryRefusedException(message) : new IOException(message);
    }
}
