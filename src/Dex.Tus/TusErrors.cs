using System.Text;

namespace Dex.Tus;

/// <summary>An answer that refuses a request: status, code and text as the wire shows them (spec: tus.md 12).</summary>
public sealed class TusError
{
    internal TusError(int statusCode, string code, string message)
    {
        StatusCode = statusCode;
        Code = code;
        Body = Encoding.UTF8.GetBytes($"{code}: {message}\n");
    }

    /// <summary>HTTP status.</summary>
    public int StatusCode { get; }

    /// <summary>The <c>ERR_…</c> code, also a metric label.</summary>
    public string Code { get; }

    /// <summary>The whole body, UTF-8.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    public override string ToString() => $"{StatusCode} {Code}";
}

/// <summary>Every error the wire can show.</summary>
public static class TusErrors
{
    public static readonly TusError InvalidContentType = new(400, "ERR_INVALID_CONTENT_TYPE", "missing or invalid Content-Type header");
    public static readonly TusError InvalidUploadLength = new(400, "ERR_INVALID_UPLOAD_LENGTH", "missing or invalid Upload-Length header");
    public static readonly TusError InvalidDeferLength = new(400, "ERR_INVALID_UPLOAD_LENGTH_DEFER", "invalid Upload-Defer-Length header");
    public static readonly TusError AmbiguousLength = new(400, "ERR_AMBIGUOUS_UPLOAD_LENGTH", "provided both Upload-Length and Upload-Defer-Length");
    public static readonly TusError InvalidOffset = new(400, "ERR_INVALID_OFFSET", "missing or invalid Upload-Offset header");
    public static readonly TusError InvalidConcat = new(400, "ERR_INVALID_CONCAT", "invalid Upload-Concat header");
    public static readonly TusError ConcatenationUnsupported = new(400, "ERR_CONCATENATION_UNSUPPORTED", "Upload-Concat header is not supported by server");
    public static readonly TusError UploadNotFinished = new(400, "ERR_UPLOAD_NOT_FINISHED", "one of the partial uploads is not finished");
    public static readonly TusError UploadInterrupted = new(400, "ERR_UPLOAD_INTERRUPTED", "upload has been interrupted by another request for this upload resource");
    public static readonly TusError UnexpectedEndOfBody = new(400, "ERR_UNEXPECTED_EOF", "server expected to receive more bytes");
    public static readonly TusError FormWithoutBoundary = new(400, "ERR_INVALID_FORM", "the Content-Type of the form has no usable boundary");
    public static readonly TusError FormUnreadable = new(400, "ERR_INVALID_FORM", "a boundary or the head of a part is broken or missing");
    public static readonly TusError FormFieldUnusable = new(400, "ERR_INVALID_FORM", "the name of a field is no manifest key");
    public static readonly TusError FormWithoutFile = new(400, "ERR_INVALID_FORM", "the form has no file");
    public static readonly TusError FormGoesOn = new(400, "ERR_INVALID_FORM", "something follows the file: fields come first, then one file");
    public static readonly TusError InvalidChecksum = new(400, "ERR_INVALID_CHECKSUM", "missing, invalid or unsupported Upload-Checksum");
    public static readonly TusError ModifyFinal = new(403, "ERR_MODIFY_FINAL", "modifying a final upload is not allowed");
    public static readonly TusError OriginNotAllowed = new(403, "ERR_ORIGIN_NOT_ALLOWED", "request origin is not allowed");
    public static readonly TusError UploadNotFound = new(404, "ERR_UPLOAD_NOT_FOUND", "upload not found");
    public static readonly TusError MismatchedOffset = new(409, "ERR_MISMATCHED_OFFSET", "mismatched offset");
    public static readonly TusError UnsupportedVersion = new(412, "ERR_UNSUPPORTED_VERSION", "missing, invalid or unsupported Tus-Resumable header");
    public static readonly TusError MaxSizeExceeded = new(413, "ERR_MAX_SIZE_EXCEEDED", "maximum size exceeded");
    public static readonly TusError UploadSizeExceeded = new(413, "ERR_UPLOAD_SIZE_EXCEEDED", "upload's size exceeded");
    public static readonly TusError FormTooLarge = new(413, "ERR_FORM_TOO_LARGE", "the fields of the form have too many keys or too many bytes");
    public static readonly TusError UploadLocked = new(423, "ERR_UPLOAD_LOCKED", "file currently locked");
    public static readonly TusError MetadataTooLarge = new(431, "ERR_METADATA_TOO_LARGE", "Upload-Metadata has too many keys or too many bytes");
    public static readonly TusError ChecksumMismatch = new(460, "ERR_CHECKSUM_MISMATCH", "the body does not match its Upload-Checksum");
    public static readonly TusError ReadTimeout = new(500, "ERR_READ_TIMEOUT", "timeout while reading request body");
    public static readonly TusError ConnectionReset = new(500, "ERR_CONNECTION_RESET", "TCP connection reset by peer");
    public static readonly TusError NotImplemented = new(501, "ERR_NOT_IMPLEMENTED", "feature not implemented");
    public static readonly TusError ShuttingDown = new(503, "ERR_SERVER_SHUTDOWN", "request has been interrupted because the server is shutting down");
    public static readonly TusError TooManyRequests = new(503, "ERR_TOO_MANY_REQUESTS", "too many requests of this client, try again later");
    public static readonly TusError StoreFull = new(507, "ERR_INSUFFICIENT_STORAGE", "no room left in the upload store");

    /// <summary>Anything nobody foresaw. The message never tells internals: no path, key or stack.</summary>
    public static TusError Internal(string message) => new(500, "ERR_INTERNAL_SERVER_ERROR", message);
}
