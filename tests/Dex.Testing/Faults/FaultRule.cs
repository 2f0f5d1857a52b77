using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace Dex.Testing;

/// <summary>What a <see cref="FaultProxy"/> does to a request beside passing it on.</summary>
public enum FaultKind
{
    /// <summary>Passes it on; for rules that only delay or slow down.</summary>
    None,

    /// <summary>Resets the connection; the server behind never hears of the request.</summary>
    ResetBeforeRequest,

    /// <summary>Passes on so many bytes of the request's body and resets both connections.</summary>
    ResetInRequest,

    /// <summary>Lets the server behind carry out the request, and resets the connection instead of answering.</summary>
    ResetAfterRequest,

    /// <summary>Passes on the head and so many bytes of the answer's body, and resets the connection.</summary>
    ResetInAnswer,

    /// <summary>As <see cref="ResetInAnswer"/>, but closes in good order: fewer bytes than <c>Content-Length</c> says.</summary>
    TruncateAnswer,

    /// <summary>Answers by itself; the server behind never hears of the request.</summary>
    Answer,

    /// <summary>Lets the server behind carry out the request, and answers something else.</summary>
    AnswerAfterRequest,

    /// <summary>Never answers.</summary>
    Hang,

    /// <summary>As <see cref="ResetInAnswer"/>, but the rest never comes.</summary>
    HangInAnswer,
}

/// <summary>Which requests meet a fault, and what fault.</summary>
public sealed class FaultRule(FaultKind kind = FaultKind.None)
{
    private int _matches;

    public FaultKind Kind => kind;

    /// <summary>Requests of this method only.</summary>
    public string? Method { get; init; }

    /// <summary>Requests whose path, still escaped and without query, matches.</summary>
    public Regex? Path { get; init; }

    /// <summary>Requests with this key in the query, such as <c>uploadId</c>.</summary>
    public string? QueryKey { get; init; }

    /// <summary>Requests without this key in the query.</summary>
    public string? NoQueryKey { get; init; }

    /// <summary>So many matching requests go by first.</summary>
    public int Skip { get; init; }

    /// <summary>So many are met then. Default: all.</summary>
    public int Times { get; init; } = int.MaxValue;

    /// <summary>Of a body, for the faults that happen inside one.</summary>
    public long AfterBytes { get; init; }

    /// <summary>Waited before the request is passed on.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Limit for the bodies of request and answer; 0 for none.</summary>
    public long BytesPerSecond { get; init; }

    /// <summary>What is answered by <see cref="FaultKind.Answer"/> and <see cref="FaultKind.AnswerAfterRequest"/>.</summary>
    public CannedAnswer CannedAnswer { get; init; } = CannedAnswer.InternalError;

    /// <summary>Counts the request if it is one of these, and says whether its turn has come.</summary>
    internal bool Meets(ProxiedRequest request)
    {
        if (!request.Is(Method, Path, QueryKey) || (NoQueryKey is { } key && request.HasQueryKey(key)))
            return false;
        var match = Interlocked.Increment(ref _matches);
        return match > Skip && match - Skip <= Times;
    }
}

/// <summary>An answer that no server gave.</summary>
public sealed record CannedAnswer(HttpStatusCode Status, string Body, string ContentType = "application/xml")
{
    public static CannedAnswer SlowDown { get; } = OfS3(HttpStatusCode.ServiceUnavailable, "SlowDown");

    public static CannedAnswer InternalError { get; } = OfS3(HttpStatusCode.InternalServerError, "InternalError");

    /// <summary>Further header lines, as <c>Name: value</c>.</summary>
    public IReadOnlyList<string> Headers { get; init; } = [];

    public static CannedAnswer OfS3(HttpStatusCode status, string code) =>
        new(status, $"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>by order of the test</Message><RequestId>test</RequestId></Error>");

    /// <param name="headers">Further header lines, as <c>Name: value</c>.</param>
    public static CannedAnswer OfAzure(HttpStatusCode status, string code, params string[] headers) =>
        new(status, $"<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>by order of the test</Message></Error>")
        {
            Headers = [$"x-ms-error-code: {code}", .. headers],
        };

    internal byte[] Bytes(bool withBody)
    {
        var head = new StringBuilder($"HTTP/1.1 {(int)Status} {Status}\r\nContent-Length: {Encoding.UTF8.GetByteCount(Body)}\r\n");
        if (withBody)
            head.Append("Content-Type: ").Append(ContentType).Append("\r\n");
        foreach (var header in Headers)
            head.Append(header).Append("\r\n");
        return Encoding.UTF8.GetBytes($"{head}\r\n{(withBody ? Body : "")}");
    }
}
