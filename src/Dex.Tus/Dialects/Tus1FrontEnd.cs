using Dex.Tus.Lifecycle;
using Dex.Tus.Operations;
using Dex.Tus.Receiving;
using Dex.Tus.Receiving.Http2;
using Dex.Tus.Stores;
using Dex.Tus.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace Dex.Tus.Dialects;

/// <summary>tus 1.0 on the wire: reads requests into operations and writes their results as headers (spec: tus.md 2 to 7, 10 to 12).</summary>
internal sealed class Tus1FrontEnd(
    DescribeServer server, CreateUpload create, AppendToUpload append, ReadOffset read, TerminateUpload terminate,
    UploadExpiration expiration, TusMetrics metrics, IHostApplicationLifetime host, IOptions<TusOptions> options)
{
    private readonly TusOptions _options = options.Value;

    /// <param name="method">After an override; the answer is framed for the real one.</param>
    public ValueTask HandleAsync(HttpContext http, string method, UploadPath path)
    {
        var headers = http.Response.Headers;
        headers[TusHeaders.Resumable] = TusHeaders.SupportedVersion;
        if (method == HttpMethods.Options)
            return DescribeAsync(http);
        if (!SpeaksVersion(http.Request.Headers[TusHeaders.Resumable], method))
        {
            headers[TusHeaders.Version] = TusHeaders.SupportedVersion;
            return Answers.WriteErrorAsync(http, metrics, TusErrors.UnsupportedVersion);
        }

        return (path, method) switch
        {
            ({ IsCollection: true }, "POST") => CreateAsync(http),
            ({ IsCollection: true }, _) => Answers.WriteMethodNotAllowedAsync(http, isCollection: true),
            ({ UploadId: null }, _) => RefuseUnknownAsync(http, method),
            ({ UploadId: { } id }, "HEAD") => ReadOffsetAsync(http, id),
            ({ UploadId: { } id }, "PATCH") => AppendAsync(http, id),
            ({ UploadId: { } id }, "DELETE") => TerminateAsync(http, id),
            _ => Answers.WriteMethodNotAllowedAsync(http, isCollection: false),
        };
    }

    // HEAD and GET may come from a browser's address bar, so they need not say their version; but a wrong one is wrong.
    private static bool SpeaksVersion(StringValues version, string method) => version.Count == 0
        ? method == HttpMethods.Head || method == HttpMethods.Get
        : version.Count == 1 && version[0] == TusHeaders.SupportedVersion;

    // What is no id is no upload, whatever is asked of it (R3).
    private ValueTask RefuseUnknownAsync(HttpContext http, string method)
    {
        if (method == HttpMethods.Head)
            http.Response.Headers.CacheControl = "no-store";
        return Answers.WriteErrorAsync(http, metrics, TusErrors.UploadNotFound);
    }

    private ValueTask DescribeAsync(HttpContext http)
    {
        var headers = http.Response.Headers;
        headers[TusHeaders.Version] = TusHeaders.SupportedVersion;
        headers[TusHeaders.Extension] = server.Extensions;
        headers[TusHeaders.ChecksumAlgorithm] = ChecksumHeader.Algorithms;
        headers[TusHeaders.UploadLimit] = server.UploadLimit;
        if (server.MaxSize is { } maxSize)
            headers[TusHeaders.MaxSize] = maxSize;
        http.Response.StatusCode = StatusCodes.Status200OK;
        headers.ContentLength = 0;
        return ValueTask.CompletedTask;
    }

    private async ValueTask CreateAsync(HttpContext http)
    {
        if (!TryReadCreation(http.Request, out var request, out var hasBody, out var error))
        {
            await Answers.WriteErrorAsync(http, metrics, error!);
            return;
        }

        if (Tus1Checksums.FindCreationError(http, hasBody, out var digests) is { } checksumError)
        {
            await Answers.WriteErrorAsync(http, metrics, checksumError);
            return;
        }

        // A body that cannot fit is refused before anything exists, so that a refusal leaves no orphan.
        if (hasBody && http.Request.ContentLength > (request.Length ?? _options.MaxUndeclared ?? long.MaxValue))
        {
            await Answers.WriteErrorAsync(http, metrics, request.Length > _options.MaxSize ? TusErrors.MaxSizeExceeded : TusErrors.UploadSizeExceeded);
            return;
        }

        if (hasBody && http.Request.ContentLength < request.Length && IsLastPiece(http.Request.Headers))
        {
            await Answers.WriteErrorAsync(http, metrics, TusErrors.InvalidUploadLength);
            return;
        }

        AppendResult nothing = default;
        request = request with { Digests = digests.Whole, WantedDigest = digests.Wanted };
        if (hasBody && request.Length == 0)
            request = request with { Verify = async () => (nothing = await append.VerifyNothingAsync(ReadAppend(http, 0, null, digests), host.ApplicationStopping)).Error };
        var (upload, refused, refusal) = await create.ExecuteAsync(request, http.RequestAborted);
        if (refusal is not null)
        {
            await Answers.WriteRefusalAsync(http, metrics, refusal);
            return;
        }

        if (upload is null)
        {
            await (nothing.Error is null ? Answers.WriteErrorAsync(http, metrics, refused!) : WriteAppendErrorAsync(http, nothing, refused!, digests));
            return;
        }

        http.Response.Headers.Location = Requests.PublicPrefix(http.Request, _options) + upload.Id;
        if (hasBody)
        {
            var result = await ReceiveAsync(http, upload.Id, offset: 0, declared: null, digests);
            if (result.Error is { } appendError)
            {
                await WriteAppendErrorAsync(http, result, appendError, digests);
                return;
            }

            upload = result.Upload!;
            http.Response.Headers[TusHeaders.UploadOffset] = Answers.Number(upload.Offset);
        }
        else if (upload.IsRejected)
        {
            await WriteAppendErrorAsync(http, new AppendResult(upload, TusErrors.DigestMismatch), TusErrors.DigestMismatch, digests);
            return;
        }

        digests.WriteWanted(http.Response.Headers, upload);
        Answers.WriteExpiry(http, expiration, upload);
        http.Response.StatusCode = StatusCodes.Status201Created;
        http.Response.Headers.ContentLength = 0;
    }

    private bool TryReadCreation(HttpRequest http, out CreateRequest request, out bool hasBody, out TusError? error)
    {
        request = null!;
        hasBody = false;
        if (!ConcatHeader.TryRead(http.Headers[TusHeaders.UploadConcat], _options.MountPath, _options.AcceptsLongIds, out var concat))
        {
            error = TusErrors.InvalidConcat;
            return false;
        }

        var announcesBytes = Requests.HasMediaType(http.Headers.ContentType, TusHeaders.OffsetStream);
        if (concat.Kind == UploadKind.Final && announcesBytes)
        {
            error = TusErrors.ModifyFinal;
            return false;
        }

        long? length = null;
        if (concat.Kind != UploadKind.Final && !TryReadLength(http.Headers, out length, out error))
            return false;

        // A body of another type is ignored, as senders in the field are used to.
        hasBody = announcesBytes && concat.Kind != UploadKind.Final;
        request = new CreateRequest(length, UploadMetadata.Parse(http.Headers[TusHeaders.UploadMetadata].ToString()), concat.Kind, concat.Parts);
        error = null;
        return true;
    }

    private static bool TryReadLength(IHeaderDictionary headers, out long? length, out TusError? error)
    {
        length = null;
        error = null;
        var declared = headers[TusHeaders.UploadLength];
        var deferred = headers[TusHeaders.UploadDeferLength];
        if (deferred.Count > 0)
        {
            if (declared.Count > 0)
                error = TusErrors.AmbiguousLength;
            else if (deferred.Count != 1 || deferred[0] != "1")
                error = TusErrors.InvalidDeferLength;
        }
        else if (HeaderNumber.TryRead(declared, out var bytes))
        {
            length = bytes;
        }
        else
        {
            error = TusErrors.InvalidUploadLength;
        }

        return error is null;
    }

    private async ValueTask AppendAsync(HttpContext http, string uploadId)
    {
        var headers = http.Request.Headers;
        if (!Requests.HasMediaType(headers.ContentType, TusHeaders.OffsetStream))
        {
            await Answers.WriteErrorAsync(http, metrics, TusErrors.InvalidContentType);
            return;
        }

        if (!HeaderNumber.TryRead(headers[TusHeaders.UploadOffset], out var offset))
        {
            await Answers.WriteErrorAsync(http, metrics, TusErrors.InvalidOffset);
            return;
        }

        long? declared = null;
        if (headers[TusHeaders.UploadLength] is { Count: > 0 } length)
        {
            if (!HeaderNumber.TryRead(length, out var bytes))
            {
                await Answers.WriteErrorAsync(http, metrics, TusErrors.InvalidUploadLength);
                return;
            }

            declared = bytes;
        }

        if (Tus1Checksums.FindError(http, hasBody: true, out var digests) is { } checksumError)
        {
            await Answers.WriteErrorAsync(http, metrics, checksumError);
            return;
        }

        var result = await ReceiveAsync(http, uploadId, offset, declared, digests);
        if (result.Error is { } error)
        {
            await WriteAppendErrorAsync(http, result, error, digests);
            return;
        }

        http.Response.StatusCode = StatusCodes.Status204NoContent;
        digests.WriteWanted(http.Response.Headers, result.Upload!);
        http.Response.Headers[TusHeaders.UploadOffset] = Answers.Number(result.Upload!.Offset);
        Answers.WriteExpiry(http, expiration, result.Upload);
    }

    private ValueTask<AppendResult> ReceiveAsync(HttpContext http, string uploadId, long offset, long? declared, DigestFields digests) =>
        append.ExecuteAsync(uploadId, ReadAppend(http, offset, declared, digests), http.RequestAborted, host.ApplicationStopping);

    private static AppendRequest ReadAppend(HttpContext http, long offset, long? declared, DigestFields digests) =>
        new(offset, declared, Requests.ContentLengthOf(http), IsLastPiece(http.Request.Headers), http.Request.BodyReader)
        {
            InputEnd = Http2ConnectionContext.InputEndOf(http),
            Checksum = Tus1Checksums.Of(http),
            ContentDigests = digests.Content,
            WantedDigest = digests.Wanted,
        };

    // HY2: the reference web page says in the draft's words that this is the last piece.
    private static bool IsLastPiece(IHeaderDictionary headers) =>
        StructuredField.ReadBoolean(headers[TusHeaders.UploadComplete]) == true && headers[TusHeaders.InteropVersion] is ["3" or "4" or "5" or "6" or "7" or "8"];

    private ValueTask WriteAppendErrorAsync(HttpContext http, AppendResult result, TusError error, DigestFields digests)
    {
        if (error == TusErrors.MismatchedOffset || error == TusErrors.DigestMismatch)
            http.Response.Headers[TusHeaders.UploadOffset] = Answers.Number(result.Upload!.Offset);
        if (result.Upload is { } upload)
            Answers.WriteExpiry(http, expiration, upload);
        if (error == TusErrors.DigestMismatch)
            digests.WriteWanted(http.Response.Headers, result.Upload!);
        if (result.BodyEnd == BodyEnd.Reset)
        {
            metrics.Refused(error.StatusCode, error.Code); // nobody is there to be told
            http.Abort();
            return ValueTask.CompletedTask;
        }

        if (result.BodyEnd is BodyEnd.TimedOut or BodyEnd.ShuttingDown or BodyEnd.CutShort)
            http.Response.Headers.Connection = "close";
        return Answers.WriteErrorAsync(http, metrics, error);
    }

    private async ValueTask ReadOffsetAsync(HttpContext http, string uploadId)
    {
        var headers = http.Response.Headers;
        headers.CacheControl = "no-store";
        var (upload, error) = await read.ExecuteAsync(uploadId, http.RequestAborted);
        if (upload is null)
        {
            await Answers.WriteErrorAsync(http, metrics, error!);
            return;
        }

        if (!upload.IsAwaitingParts)
            headers[TusHeaders.UploadOffset] = Answers.Number(upload.Offset);
        if (upload.Length is { } length)
            headers[TusHeaders.UploadLength] = Answers.Number(length);
        else
            headers[TusHeaders.UploadDeferLength] = "1";
        DigestFields.WriteKnown(headers, upload);
        if (upload.Metadata.Count > 0)
            headers[TusHeaders.UploadMetadata] = upload.Metadata.ToHeader();
        if (upload.Kind != UploadKind.Whole)
            headers[TusHeaders.UploadConcat] = ConcatHeader.Write(upload, Requests.PublicPrefix(http.Request, _options));
        Answers.WriteExpiry(http, expiration, upload);
        http.Response.StatusCode = StatusCodes.Status200OK;
    }

    private async ValueTask TerminateAsync(HttpContext http, string uploadId)
    {
        if (await terminate.ExecuteAsync(uploadId, http.RequestAborted, http.RequestAborted) is { } error)
            await Answers.WriteErrorAsync(http, metrics, error);
        else
            http.Response.StatusCode = StatusCodes.Status204NoContent;
    }
}
