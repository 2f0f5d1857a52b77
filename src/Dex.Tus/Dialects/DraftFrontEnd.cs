using System.Text;
using Dex.Tus.Lifecycle;
using Dex.Tus.Operations;
using Dex.Tus.Receiving;
using Dex.Tus.Receiving.Http2;
using Dex.Tus.Stores;
using Dex.Tus.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Dex.Tus.Dialects;

/// <summary>The IETF draft "Resumable Uploads for HTTP" on the wire, interop versions 3 to 8 and the text without one (spec: tus.md 18).</summary>
internal sealed class DraftFrontEnd(
    CreateUpload create, AppendToUpload append, ReadOffset read, TerminateUpload terminate,
    UploadExpiration expiration, TusMetrics metrics, IHostApplicationLifetime host, IOptions<TusOptions> options)
{
    private const string PartialUpload = "application/partial-upload";

    private readonly TusOptions _options = options.Value;

    /// <param name="method">After an override; the answer is framed for the real one.</param>
    public ValueTask HandleAsync(HttpContext http, string method, UploadPath path, DraftVersion version) => (path.IsCollection, method) switch
    {
        (true, "POST") => CreateAsync(http, version),
        (false, "HEAD") => ReadOffsetAsync(http, path.UploadId, version),
        (false, "PATCH") => AppendAsync(http, path.UploadId, version),
        (false, "DELETE") => TerminateAsync(http, path.UploadId),
        _ => Answers.WriteMethodNotAllowedAsync(http, path.IsCollection),
    };

    private async ValueTask CreateAsync(HttpContext http, DraftVersion version)
    {
        var request = http.Request;
        version.WriteEcho(http.Response.Headers);
        var completes = version.ReadsComplete(request.Headers);
        var content = Requests.ContentLengthOf(http);
        var declared = StructuredField.ReadInteger(request.Headers[TusHeaders.UploadLength]);
        var length = completes && content is not null ? content : declared;
        if (declared is not null && declared != length)
        {
            // The content is said to be all there is, and is not as long as it is said to be.
            await (content > declared ? TooLargeAsync(http, declared, TusErrors.UploadSizeExceeded) : InconsistentLengthAsync(http, version));
            return;
        }

        if (!DigestFields.TryRead(request.Headers, out var digests))
        {
            await Answers.WriteErrorAsync(http, metrics, TusErrors.InvalidDigest);
            return;
        }

        if (content == 0 && digests.DenyEmptyContent())
        {
            await DigestMismatchAsync(http, TusErrors.ContentDigestMismatch, version);
            return;
        }

        var body = new AppendRequest(0, null, content, completes, request.BodyReader) { InputEnd = Http2ConnectionContext.InputEndOf(http), ContentDigests = digests.Content };
        AppendResult nothing = default;

        if (content > (length ?? _options.MaxUndeclared ?? long.MaxValue))
        {
            await TooLargeAsync(http, length, TusErrors.UploadSizeExceeded);
            return;
        }

        var (upload, error, refusal) = await create.ExecuteAsync(
            new CreateRequest(length, DraftMetadata.Read(request.Headers), UploadKind.Whole, [])
            {
                Digests = digests.Whole,
                WantedDigest = digests.Wanted,
                Verify = length == 0 ? async () => (nothing = await append.VerifyNothingAsync(body, host.ApplicationStopping)).Error : null,
            },
            http.RequestAborted);
        if (refusal is not null)
        {
            await Answers.WriteRefusalAsync(http, metrics, refusal);
            return;
        }

        if (nothing.Error is { } denied)
        {
            await WriteAppendErrorAsync(http, nothing, denied, digests, version, provided: 0);
            return;
        }

        if (upload is null)
        {
            await (error == TusErrors.MaxSizeExceeded ? TooLargeAsync(http, length, error) : Answers.WriteErrorAsync(http, metrics, error!));
            return;
        }

        http.Response.Headers.Location = Requests.PublicPrefix(request, _options) + upload.Id;
        http.Response.Headers[TusHeaders.UploadLimit] = LimitOf(upload, version);
        await TellLocationAsync(http, version);
        if (upload.IsRejected || content != 0 || (completes && !upload.IsComplete))
        {
            var result = await ReceiveAsync(http, upload.Id, body, digests, version);
            if (result.Error is { } appendError)
            {
                await WriteAppendErrorAsync(http, result, appendError, digests, version, provided: 0);
                return;
            }

            upload = result.Upload!;
            http.Response.Headers[TusHeaders.UploadLimit] = LimitOf(upload, version);
        }

        digests.WriteWanted(http.Response.Headers, upload);
        http.Response.StatusCode = StatusCodes.Status201Created;
        http.Response.Headers.ContentLength = 0;
        WriteState(http.Response.Headers, upload, version);
    }

    private async ValueTask AppendAsync(HttpContext http, string? uploadId, DraftVersion version)
    {
        var headers = http.Request.Headers;
        version.WriteComplete(http.Response.Headers, isComplete: false); // until it is
        if (version.HasMediaTypes && !Requests.HasMediaType(headers.ContentType, PartialUpload))
        {
            await Answers.WriteErrorAsync(http, metrics, TusErrors.InvalidContentType);
            return;
        }

        if (StructuredField.ReadInteger(headers[TusHeaders.UploadOffset]) is not { } offset)
        {
            await Answers.WriteErrorAsync(http, metrics, TusErrors.InvalidOffset);
            return;
        }

        if (uploadId is null)
        {
            await Answers.WriteErrorAsync(http, metrics, TusErrors.UploadNotFound);
            return;
        }

        if (!DigestFields.TryRead(headers, out var digests))
        {
            await Answers.WriteErrorAsync(http, metrics, TusErrors.InvalidDigest);
            return;
        }

        var declared = StructuredField.ReadInteger(headers[TusHeaders.UploadLength]);
        var result = await ReceiveAsync(
            http, uploadId, new AppendRequest(offset, declared, Requests.ContentLengthOf(http), version.ReadsComplete(headers), http.Request.BodyReader), digests, version);
        if (result.Error is { } error)
        {
            await WriteAppendErrorAsync(http, result, error, digests, version, offset);
            return;
        }

        http.Response.StatusCode = StatusCodes.Status204NoContent;
        digests.WriteWanted(http.Response.Headers, result.Upload!);
        WriteState(http.Response.Headers, result.Upload!, version);
        if (version.HasMaxAge && expiration.IsOn)
            http.Response.Headers[TusHeaders.UploadLimit] = LimitOf(result.Upload!, version);
    }

    private ValueTask<AppendResult> ReceiveAsync(HttpContext http, string uploadId, AppendRequest request, DigestFields digests, DraftVersion version) =>
        append.ExecuteAsync(
            uploadId,
            request with
            {
                InputEnd = Http2ConnectionContext.InputEndOf(http),
                Progress = ProgressOf(http, version),
                ContentDigests = digests.Content,
                WantedDigest = digests.Wanted,
            },
            http.RequestAborted,
            host.ApplicationStopping);

    private ValueTask WriteAppendErrorAsync(HttpContext http, AppendResult result, TusError error, DigestFields digests, DraftVersion version, long provided)
    {
        var headers = http.Response.Headers;
        if (result.BodyEnd == BodyEnd.Reset)
        {
            metrics.Refused(error.StatusCode, error.Code); // nobody is there to be told
            http.Abort();
            return ValueTask.CompletedTask;
        }

        if (result.BodyEnd is BodyEnd.TimedOut or BodyEnd.ShuttingDown or BodyEnd.CutShort)
            headers.Connection = "close";
        version.WriteComplete(headers, isComplete: error == TusErrors.DigestMismatch);
        if (error == TusErrors.DigestMismatch)
        {
            headers[TusHeaders.UploadOffset] = Answers.Number(result.Upload!.Offset);
            digests.WriteWanted(headers, result.Upload);
        }

        if (error.Code == TusErrors.DigestMismatch.Code)
            return DigestMismatchAsync(http, error, version);
        if (error == TusErrors.MismatchedOffset)
        {
            headers[TusHeaders.UploadOffset] = Answers.Number(result.Upload!.Offset);
            return version.HasMediaTypes
                ? Answers.WriteProblemAsync(http, metrics, error, DraftProblems.MismatchingOffset(result.Upload.Offset, provided))
                : Answers.WriteErrorAsync(http, metrics, error);
        }

        if (error == TusErrors.InvalidUploadLength)
            return InconsistentLengthAsync(http, version);
        return error.StatusCode == StatusCodes.Status413PayloadTooLarge
            ? TooLargeAsync(http, result.Upload?.Length, error)
            : Answers.WriteErrorAsync(http, metrics, error);
    }

    private async ValueTask ReadOffsetAsync(HttpContext http, string? uploadId, DraftVersion version)
    {
        var headers = http.Response.Headers;
        headers.CacheControl = "no-store";
        version.WriteEcho(headers);
        Upload? upload = null;
        var error = TusErrors.UploadNotFound;
        if (uploadId is not null)
            (upload, error) = await read.ExecuteAsync(uploadId, http.RequestAborted);

        if (upload is null)
        {
            await Answers.WriteErrorAsync(http, metrics, error!);
            return;
        }

        http.Response.StatusCode = StatusCodes.Status204NoContent;
        WriteState(headers, upload, version);
        DigestFields.WriteKnown(headers, upload);
        headers[TusHeaders.UploadLimit] = LimitOf(upload, version);
        if (upload.Length is { } length)
            headers[TusHeaders.UploadLength] = Answers.Number(length);
        else
            headers[TusHeaders.UploadDeferLength] = "1"; // tus-js-client 5 decides by this header
    }

    private async ValueTask TerminateAsync(HttpContext http, string? uploadId)
    {
        var error = TusErrors.UploadNotFound;
        if (uploadId is not null)
            error = await terminate.ExecuteAsync(uploadId, http.RequestAborted, http.RequestAborted);

        if (error is null)
            http.Response.StatusCode = StatusCodes.Status204NoContent;
        else
            await Answers.WriteErrorAsync(http, metrics, error);
    }

    private static void WriteState(IHeaderDictionary headers, Upload upload, DraftVersion version)
    {
        if (!upload.IsAwaitingParts)
            headers[TusHeaders.UploadOffset] = Answers.Number(upload.Offset);
        version.WriteComplete(headers, upload.IsComplete);
    }

    private ValueTask TooLargeAsync(HttpContext http, long? length, TusError error)
    {
        http.Response.Headers[TusHeaders.UploadLimit] = LimitOf(length);
        return Answers.WriteErrorAsync(http, metrics, error);
    }

    private ValueTask InconsistentLengthAsync(HttpContext http, DraftVersion version) => version.HasMediaTypes
        ? Answers.WriteProblemAsync(http, metrics, TusErrors.InvalidUploadLength, DraftProblems.InconsistentLength())
        : Answers.WriteErrorAsync(http, metrics, TusErrors.InvalidUploadLength);

    private string LimitOf(Upload upload, DraftVersion version) =>
        version.HasMaxAge && expiration.SecondsLeft(upload) is { } seconds
            ? $"{LimitOf(upload.Length)},max-age={Answers.Number(seconds)}"
            : LimitOf(upload.Length);

    // 400 in this dialect: 460 is tus's own.
    private ValueTask DigestMismatchAsync(HttpContext http, TusError error, DraftVersion version)
    {
        var answer = error.WithStatus(StatusCodes.Status400BadRequest);
        return version.HasMediaTypes
            ? Answers.WriteProblemAsync(http, metrics, answer, DraftProblems.MismatchedDigest(error.Message))
            : Answers.WriteErrorAsync(http, metrics, answer);
    }

    private string LimitOf(long? length) =>
        (length is null ? _options.MaxUndeclared : _options.MaxSize ?? length) is { } most ? $"min-size=0,max-size={Answers.Number(most)}" : "min-size=0";

    // 104 with the upload's address as soon as it exists: a client that loses the connection now can resume (DR19).
    private static async ValueTask TellLocationAsync(HttpContext http, DraftVersion version)
    {
        if (Interim(http, version) is not { } interim)
            return;
        var headers = http.Response.Headers;
        await interim.SendAsync(
            Head(version, $"Location: {headers.Location}\r\n{TusHeaders.UploadLimit}: {headers[TusHeaders.UploadLimit]}\r\n"), http.RequestAborted);
    }

    private static Action<long>? ProgressOf(HttpContext http, DraftVersion version)
    {
        if (version.Interop is not >= 5 || Interim(http, version) is not { } interim)
            return null;

        // Told between two reads of the body, so never beside the final answer; one that is still under way is not waited for.
        var sending = ValueTask.CompletedTask;
        return offset =>
        {
            if (sending.IsCompleted)
                sending = interim.SendAsync(Head(version, $"{TusHeaders.UploadOffset}: {Answers.Number(offset)}\r\n"), CancellationToken.None).Preserve();
        };
    }

    private static IInterimResponseFeature? Interim(HttpContext http, DraftVersion version) =>
        version.Interop is not null && http.Request.Protocol == HttpProtocol.Http11 ? http.Features.Get<IInterimResponseFeature>() : null;

    private static byte[] Head(DraftVersion version, string lines) => Encoding.ASCII.GetBytes(
        $"HTTP/1.1 104 Upload Resumption Supported\r\n{TusHeaders.InteropVersion}: {version.Interop}\r\n{lines}\r\n");
}
