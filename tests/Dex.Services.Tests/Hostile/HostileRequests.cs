using static Dex.Services.Hostile.HostileRequest;

namespace Dex.Services.Hostile;

/// <summary>Requests that mean harm (spec: tus.md 2 to 7, 11, 12, 20; reliability.md 9 to 11).</summary>
internal static class HostileRequests
{
    private const string Unknown = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";
    private const string NotFound = "ERR_UPLOAD_NOT_FOUND: upload not found\n";
    private const string BadOffset = "ERR_INVALID_OFFSET: missing or invalid Upload-Offset header\n";
    private const string BadLength = "ERR_INVALID_UPLOAD_LENGTH: missing or invalid Upload-Length header\n";
    private const string BadConcat = "ERR_INVALID_CONCAT: invalid Upload-Concat header\n";
    private const string BadVersion = "ERR_UNSUPPORTED_VERSION: missing, invalid or unsupported Tus-Resumable header\n";
    private const string BadType = "ERR_INVALID_CONTENT_TYPE: missing or invalid Content-Type header\n";
    private const string Mismatch = "ERR_MISMATCHED_OFFSET: mismatched offset\n";
    private const string TooLong = "ERR_UPLOAD_SIZE_EXCEEDED: upload's size exceeded\n";
    private const string Refused = "{\"upload_id\":\"";

    public static IReadOnlyList<HostileRequest> All { get; } =
    [
        .. Appends(), .. Versions(), .. Ids(), .. Methods(), .. Lengths(), .. Concatenations(), .. Manifests(), .. Framing(), .. Heads(), .. Neighbours(), .. HostileOneRequests.All(),
    ];

    private static IEnumerable<HostileRequest> Appends()
    {
        string[] offsets = ["+3", "-0", "-3", "3.0", "\"3\"", "3, 3", "0x3", "3e0", "3 3", "9223372036854775808", "18446744073709551619", "three", "\u00b3"];
        foreach (var offset in offsets)
            yield return new($"offset {offset}", Patch([$"Upload-Offset: {offset}"]), [400], offset == "\u00b3" ? null : BadOffset);
        yield return new("no offset", Patch(["Upload-Offset: -"]), [400], BadOffset);
        yield return new("empty offset", Patch(["Upload-Offset:"]), [400], BadOffset);
        yield return new("two offsets", Patch(["Upload-Offset: 3", "Upload-Offset: 3"]), [400], BadOffset);
        foreach (var offset in new[] { "0", "2", "4", "10", "4294967299", "9223372036854775807" })
            yield return new($"wrong offset {offset}", Patch([$"Upload-Offset: {offset}"]), [409], Mismatch);

        yield return new("no content type", Patch(["Content-Type: -"]), [400], BadType);
        yield return new("foreign content type", Patch(["Content-Type: text/plain"]), [400], BadType);
        yield return new("almost the content type", Patch(["Content-Type: application/offset+octet-streams"]), [400], BadType);
        yield return new("a byte too many", Patch([], "12345678"), [413], TooLong);
        yield return new("a length that overflows the sum", Patch(["Content-Length: 9223372036854775807"], ""), [413], TooLong);
        yield return new("another length", Patch(["Upload-Length: 11"]), [400], BadLength);
        yield return new("no number as length", Patch(["Upload-Length: ten"]), [400], BadLength);
    }

    private static IEnumerable<HostileRequest> Versions()
    {
        foreach (var version in new[] { "0.2.2", "1.0", "1.0.0.0", "2.0.0", "1.0.0, 1.0.0", "v1.0.0" })
            yield return new($"version {version}", Patch([$"Tus-Resumable: {version}"]), [412], BadVersion);
        yield return new("no version on PATCH", Patch(["Tus-Resumable: -"]), [412], BadVersion);
        yield return new("no version on DELETE", Compose("DELETE /files/{id}", ["Tus-Resumable: -"]), [412], BadVersion);
        yield return new("wrong version on HEAD", Compose("HEAD /files/{id}", ["Tus-Resumable: 9"]), [412]);
        yield return new("wrong version on POST", Creation(["Upload-Length: 5", "Tus-Resumable: 9"]), [412], BadVersion);
    }

    private static IEnumerable<HostileRequest> Ids()
    {
        string[] ids =
        [
            Unknown, "..", "%2e%2e", "..%2f..%2fetc%2fpasswd", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "..%5c..%5cetc", "%2fetc%2fpasswd", "{id}%2f..%2f{id}",
            "{id}.info", "{id}.meta", "{id}.part", "{id}.lock", "{id}%2einfo", "{id}%00", "%00", "{id}%0d%0aX-Evil:%201", "{id}%20", "%ff%fe",
            "{ID}", "%7B{id}%7D", "ledger.db", "..%252f..%252fx", new string('a', 6_000),
        ];
        foreach (var id in ids)
        {
            var name = id.Length > 100 ? "an id of 6,000 characters" : id;
            // Dot segments are cleaned away before routing and lead to the root; a NUL is refused below the protocol.
            int[] statuses = id is ".." or "%2e%2e" ? [200, 301, 404] : id.Contains("%00", StringComparison.Ordinal) ? [400, 404] : [404];
            var body = statuses is [404] ? NotFound : null;
            yield return new($"HEAD {name}", Compose($"HEAD /files/{id}", []), statuses);
            yield return new($"PATCH {name}", Patch([], "hello", $"/files/{id}"), statuses, body);
            yield return new($"DELETE {name}", Compose($"DELETE /files/{id}", []), statuses, body);
        }
    }

    private static IEnumerable<HostileRequest> Methods()
    {
        foreach (var method in new[] { "GET", "PUT", "PATCH", "DELETE" })
            yield return new($"{method} on the collection", Compose($"{method} /files", ["Content-Length: 0"]), [405], "method not allowed");
        foreach (var method in new[] { "GET", "PUT", "POST" })
            yield return new($"{method} on an upload", Compose($"{method} /files/{{id}}", ["Content-Length: 0"]), [405], "method not allowed");
        yield return new("an unknown method", Compose("BREW /files/{id}", ["Content-Length: 0"]), [405, 501]);
        yield return new("TRACE", Compose("TRACE /files/{id}", []), [405, 501]);
        yield return new("CONNECT", "CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n\r\n", [400, 404, 405, 501, Closed]);
        yield return new("override to an unknown method", Compose("POST /files/{id}", ["X-HTTP-Method-Override: BREW", "Content-Length: 0"]), [405, 501]);
        yield return new("override with a line break", Compose("POST /files/{id}", ["X-HTTP-Method-Override: PATCH\r\n DELETE", "Content-Length: 0"]), [400, Closed]);
        yield return new("OPTIONS overridden to DELETE", Compose("OPTIONS /files/{id}", ["X-HTTP-Method-Override: DELETE"]), [200, 204]);
    }

    private static IEnumerable<HostileRequest> Lengths()
    {
        foreach (var length in new[] { "-1", "+5", "1.5", "1e3", "0x10", "five", "5 5", "5, 5", "\"5\"", "" })
            yield return new($"length '{length}'", Creation([$"Upload-Length: {length}"]), [400], BadLength);
        foreach (var length in new[] { "9223372036854775808", "99999999999999999999999999" })
            yield return new($"length {length}", Creation([$"Upload-Length: {length}"]), [400, 413]);
        yield return new("no length", Creation([]), [400], BadLength);
        yield return new("two lengths", Creation(["Upload-Length: 5", "Upload-Length: 6"]), [400], BadLength);
        foreach (var defer in new[] { "0", "2", "true", "1, 1", "?1" })
            yield return new($"deferred '{defer}'", Creation([$"Upload-Defer-Length: {defer}"]), [400], "ERR_INVALID_UPLOAD_LENGTH_DEFER: invalid Upload-Defer-Length header\n");
        yield return new("length and deferred", Creation(["Upload-Length: 5", "Upload-Defer-Length: 1"]), [400], "ERR_AMBIGUOUS_UPLOAD_LENGTH: provided both Upload-Length and Upload-Defer-Length\n");
        yield return new("more body than length", Creation(["Upload-Length: 5", "Content-Type: application/offset+octet-stream"], "123456"), [413], TooLong);
    }

    private static IEnumerable<HostileRequest> Concatenations()
    {
        foreach (var concat in new[] { "final", "final;", "final; ", "FINAL;/files/{id}", "whole", "Partial", "partial,final", "" })
            yield return new($"concat '{concat}'", Creation([$"Upload-Concat: {concat}", "Upload-Length: 5"]), [400], BadConcat);
        string[] parts =
        [
            $"/files/{Unknown}", "/etc/passwd", "/files/../../etc/passwd", "/files/{id}.info", "http://evil.example/", $"http://evil.example/files/{Unknown}",
            "file:///etc/passwd", "/files/", "/files/%2e%2e%2f{id}",
        ];
        foreach (var part in parts)
            yield return new($"final of {part}", Creation([$"Upload-Concat: final;{part}"]), [404, 400]);
        yield return new("final of 500 unknown parts", Creation([$"Upload-Concat: final;{string.Join(' ', Enumerable.Repeat($"/files/{Unknown}", 500))}"]), [404], NotFound);
    }

    private static IEnumerable<HostileRequest> Manifests()
    {
        yield return new("no manifest", Creation(["Upload-Length: 5", "Upload-Metadata: -"]), [400], Refused);
        foreach (var manifest in new[] { "", ",,,", "data_stream_id", "data_stream_id ****", "data_stream_id ZGV4dGVzdGluZw= =", "data_stream_id a b c", "data_stream_id \u00ff\u00fe", "\u00ff" })
            yield return new($"manifest '{manifest}'", Creation(["Upload-Length: 5", $"Upload-Metadata: {manifest}"]), [400]);
        foreach (var stream in new[] { "../../etc/passwd", "dextesting/..", "dextesting\0", "dextesting\r\n", "..", "/etc/passwd", "DEXTESTING", "d\u00e9xtesting", "" })
            yield return new($"stream {stream.Replace("\0", "NUL", StringComparison.Ordinal)}", CreationWith("data_stream_id", stream), [400], Refused);
        foreach (var key in new[] { "filename", "original_filename", "meta_ext_filename", "received_filename" })
        {
            foreach (var name in new[] { "../../escaped", "/etc/cron.d/escaped", "..", "a\\b", "a\nb", "a\0b" })
                yield return new($"{key} {name.Replace("\0", "NUL", StringComparison.Ordinal)}", CreationWith(key, name), [400], Refused);
        }

        foreach (var key in new[] { "sender_id", "data_producer_id", "jurisdiction", "received_filename", "data_stream_id", "data_stream_route" })
            yield return new($"without {key}", CreationWith(key, null), [400], Refused);
        yield return new("a thousand and one keys", Creation(["Upload-Length: 5", $"Upload-Metadata: {RawRequests.Manifest},{string.Join(',', Enumerable.Range(0, 1_001).Select(n => $"k{n}"))}"]), [400, 431]);
        yield return new("a manifest of 80 KiB", CreationWith("note", new string('x', 80 * 1024)), [400, 431]);
    }

    private static IEnumerable<HostileRequest> Framing()
    {
        foreach (var length in new[] { "-1", "0x5", "5 5", "5, 6", "99999999999999999999", "five", "" })
            yield return new($"content length '{length}'", Patch([$"Content-Length: {length}"]), [400, 413, Closed]);
        yield return new("two content lengths", Patch(["Content-Length: 5", "Content-Length: 6"]), [400, Closed]);
        yield return new("content length and chunks", Compose("POST /nowhere", ["Content-Length: 4", "Transfer-Encoding: chunked"], "0\r\n\r\n"), [400, 404]);
        foreach (var coding in new[] { "xchunked", "gzip", "identity", "chunked, gzip", "chunked, identity", "gzip, chunked" })
            yield return new($"transfer coding '{coding}'", Patch([$"Transfer-Encoding: {coding}"], "5\r\nhello\r\n0\r\n\r\n"), [400, 501, 411, Closed]);
        foreach (var size in new[] { "zz", "-1", "0x5", "+5", "FFFFFFFFFFFFFFFFF", "7FFFFFFFFFFFFFFFF", "", "5;x\n", ";" })
            yield return new($"chunk size '{size}'", Patch(["Transfer-Encoding: chunked"], $"{size}\r\nhello\r\n0\r\n\r\n"), [400, 413, Closed]);
    }

    private static IEnumerable<HostileRequest> Heads()
    {
        yield return new("folded header", "HEAD /files/{id} HTTP/1.1\r\nHost: localhost\r\nX-Note: a\r\n b\r\nTus-Resumable: 1.0.0\r\n\r\n", [400, Closed]);
        yield return new("blank before the colon", "DELETE /files/{id} HTTP/1.1\r\nHost: localhost\r\nTus-Resumable : 1.0.0\r\n\r\n", [400, Closed]);
        yield return new("no host", "DELETE /files/{id} HTTP/1.1\r\nTus-Resumable: 1.0.0\r\n\r\n", [400]);
        yield return new("two hosts", "DELETE /files/{id} HTTP/1.1\r\nHost: a\r\nHost: b\r\nTus-Resumable: 1.0.0\r\n\r\n", [400]);
        foreach (var host in new[] { "a b", "a/b", "a@b", "<x>", "[::1", "a:b:c" })
            yield return new($"host '{host}'", Compose("DELETE /files/{id}", [$"Host: {host}"]), [400]);
        yield return new("garbage", "\u0001\u0002\u0003 nonsense\r\n\r\n", [400, Closed]);
        yield return new("a TLS greeting", "\u0016\u0003\u0001\u0002\0\u0001\0\u0001\u00fc\u0003\u0003", [400, Closed]);
        yield return new("unknown HTTP version", "DELETE /files/{id} HTTP/9.9\r\nHost: localhost\r\n\r\n", [400, 505, Closed]);
        yield return new("almost HTTP/2", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", [400, 505, Closed]);
        yield return new("HTTP/2, then HTTP/1.1", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nDELETE /files/{id} HTTP/1.1\r\nHost: localhost\r\n\r\n", [Closed]);
        yield return new("no target", "DELETE  HTTP/1.1\r\nHost: localhost\r\n\r\n", [400, Closed]);
        yield return new("a target of 200 KB", Compose($"DELETE /files/{new string('a', 200_000)}", []), [414, 400, 431, Closed]);
        yield return new("NUL in a header", Compose("DELETE /files/{id}", ["X-Note: a\0b"]), [400, Closed]);
        yield return new("control character in a header name", Compose("DELETE /files/{id}", ["X-\u0001: a"]), [400, Closed]);
        yield return new("no name of a header", Compose("DELETE /files/{id}", [": a"]), [400, Closed]);
        yield return new("no colon in a header", Compose("DELETE /files/{id}", ["nonsense"]), [400, Closed]);
        yield return new("3,000 headers", Compose("DELETE /files/{id}", [.. Enumerable.Range(0, 3_000).Select(n => $"X-{n}: a")]), [431, 400, Closed]);
        yield return new("4 MiB of headers", Compose("DELETE /files/{id}", [.. Enumerable.Range(0, 128).Select(n => $"X-{n}: {new string('a', 32 * 1024)}")]), [431, 400, 413, Closed]);
        yield return new("a name of 200 KB", Compose("DELETE /files/{id}", [$"{new string('a', 200_000)}: a"]), [431, 400, 413, Closed]);
    }

    private static IEnumerable<HostileRequest> Neighbours()
    {
        foreach (var id in new[] { Unknown, "..%2f..%2fetc%2fpasswd", "{id}.info", "%00", "{id}%00", "" })
            yield return new($"/info/{id}", Compose($"GET /info/{id}", []), [404, 400, 301]);
        foreach (var id in new[] { Unknown, "..%2f..%2fetc%2fpasswd", "{id}.info", "{id}" })
            yield return new($"/route/{id}", Compose($"POST /route/{id}", ["Content-Length: 17"], "{\"target\":\"edav\"}"), [404]);
        foreach (var body in new[] { "", "nonsense", "{\"target\":", "[]", "{\"target\":7}", new string('[', 5_000), "\u00ff\u00fe" })
            yield return new($"/route with {(body.Length > 100 ? "deep JSON" : body)}", Compose("POST /route/{id}", [$"Content-Length: {body.Length}"], body), [400, 404]);
        yield return new("/route with 100 KiB", Compose("POST /route/{id}", ["Content-Length: 102400"], $"{{\"target\":\"{new string('a', 102_400 - 13)}\"}}"), [413, 400]);
        yield return new("/route compressed", Compose("POST /route/{id}", ["Content-Encoding: gzip", "Content-Length: 2"], "\u001f\u008b"), [415, 400]);
        yield return new("GET /route", Compose("GET /route/{id}", []), [400]);
        yield return new("a path that is not there", Compose("GET /etc/passwd", []), [404], "404 page not found\n");
        yield return new("a path out of the root", Compose("GET /../../../etc/passwd", []), [404, 301, 400]);
    }
}
