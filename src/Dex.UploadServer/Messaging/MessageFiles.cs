using System.Buffers;
using Dex.UploadServer.Ledger;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Messaging;

/// <summary>Which file a message's line belongs to (spec: reports-and-events.md 1).</summary>
internal sealed class MessageFiles(IOptions<MessagingOptions> options)
{
    private const int LongestId = 64;

    private static readonly SearchValues<char> IdCharacters = SearchValues.Create("0123456789abcdefABCDEF-");
    private static readonly SearchValues<char> TypeCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-");

    private readonly string _reports = Path.GetFullPath(options.Value.ReportsFolder);
    private readonly string _events = Path.GetFullPath(options.Value.EventsFolder);

    /// <exception cref="ArgumentException">The id or the type could lead out of the folder.</exception>
    public string PathOf(MessageKind kind, string uploadId, string type)
    {
        // Ids were checked at the door; here they become a path, so they are checked once more.
        if (uploadId.Length is < 32 or > LongestId || uploadId.AsSpan().ContainsAnyExcept(IdCharacters))
            throw new ArgumentException("The upload id cannot be part of a file name.", nameof(uploadId));
        if (type.Length is 0 or > LongestId || type.AsSpan().ContainsAnyExcept(TypeCharacters))
            throw new ArgumentException("The message type cannot be part of a file name.", nameof(type));
        return $"{(kind == MessageKind.Event ? _events : _reports)}/{uploadId}_{type}";
    }
}
