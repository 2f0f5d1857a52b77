using Dex.Testing;

namespace Dex.Tus.Tests;

/// <summary>Requests and answers of the IETF draft, in the words of each interop version.</summary>
internal static class DraftRequests
{
    public const string Partial = "Content-Type: application/partial-upload";

    public static TheoryData<int> Versions => [3, 4, 5, 6, 7, 8];

    /// <summary>The text of a request; <paramref name="headers"/> are whole lines.</summary>
    public static string Draft(int version, string method, string path, string body, params string[] headers) =>
        $"{method} {path} HTTP/1.1\r\nHost: up.example\r\nUpload-Draft-Interop-Version: {version}\r\n"
        + string.Concat(headers.Select(header => header + "\r\n"))
        + (headers.Any(header => header.StartsWith("Content-Length", StringComparison.Ordinal) || header.StartsWith("Transfer-Encoding", StringComparison.Ordinal)) ? "" : $"Content-Length: {body.Length}\r\n")
        + $"\r\n{body}";

    public static string Completeness(int version, bool complete) =>
        version == 3 ? $"Upload-Incomplete: ?{(complete ? 0 : 1)}" : $"Upload-Complete: ?{(complete ? 1 : 0)}";

    public static bool IsComplete(int version, RawAnswer answer) =>
        version == 3 ? answer.Header("Upload-Incomplete") == "?0" : answer.Header("Upload-Complete") == "?1";

    /// <summary>Sends one request on a connection of its own and reads its final answer, past the interim ones.</summary>
    public static async Task<RawAnswer> LastAnswerAsync(this TusServer server, string request)
    {
        using var connection = await RawConnection.OpenAsync(server.Port);
        await connection.SendAsync(request);
        return await connection.ReadFinalAnswerAsync() ?? throw new IOException("the connection was closed without an answer");
    }
}
