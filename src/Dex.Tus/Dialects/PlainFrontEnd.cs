using Dex.Tus.Dialects.Forms;
using Dex.Tus.Operations;
using Dex.Tus.Receiving;
using Dex.Tus.Receiving.Http2;
using Dex.Tus.Stores;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Dex.Tus.Dialects;

/// <summary>One request for a whole file, as <c>curl</c> and HTML forms send it, over the same operations as every other dialect (docs/adr/0012).</summary>
internal sealed class PlainFrontEnd(
    CreateUpload create, AppendToUpload append, TerminateUpload terminate,
    TusMetrics metrics, TimeProvider clock, IHostApplicationLifetime host, IOptions<TusOptions> options)
{
    private readonly TusOptions _options = options.Value;

    public ValueTask HandleAsync(HttpContext http, PlainRequest request)
    {
        if (!request.HasUsableName)
            return Answers.WriteErrorAsync(http, metrics, TusErrors.UploadNotFound);
        if (!DigestFields.TryRead(http.Request.Headers, out var digests))
            return Answers.WriteErrorAsync(http, metrics, TusErrors.InvalidDigest);
        return request.IsForm ? TakeFormAsync(http) : TakeFileAsync(http, request.FileName, digests);
    }

    private async ValueTask TakeFileAsync(HttpContext http, string? fileName, DigestFields digests)
    {
        var content = Requests.ContentLengthOf(http);
        if (content == 0 && digests.DenyEmptyContent())
        {
            await Answers.WriteErrorAsync(http, metrics, TusErrors.ContentDigestMismatch);
            return;
        }

        if (await CreateAsync(http, content, MetadataOf(http.Request), fileName, digests) is not { } upload)
            return;

        if (!upload.IsComplete || upload.IsRejected)
        {
            var body = new AppendRequest(0, null, content, Completes: true, http.Request.BodyReader)
            {
                InputEnd = Http2ConnectionContext.InputEndOf(http),
                ContentDigests = digests.Content,
                WantedDigest = digests.Wanted,
            };
            var result = await ReceiveAsync(http, upload.Id, body);
            if (result.Error is { } error)
            {
                await RefuseAsync(http, upload, result.BodyEnd, error, isUseless: result.BodyEnd == BodyEnd.TooLong);
                return;
            }

            upload = result.Upload!;
        }

        digests.WriteWanted(http.Response.Headers, upload);
        await PlainAnswer.WriteAsync(http, upload, isPage: false);
    }

    private async ValueTask TakeFormAsync(HttpContext http)
    {
        if (FormBoundary.Of(http.Request.Headers.ContentType) is not { } boundary)
        {
            await Answers.WriteErrorAsync(http, metrics, TusErrors.FormWithoutBoundary);
            return;
        }

        // The fields have to be read to be checked, so a client that waits for it gets its 100 before that.
        var (form, end, before) = await ReadFieldsAsync(http, boundary);
        if (form.Error is { } unreadable)
        {
            await RefuseAsync(http, null, end, unreadable, isUseless: false);
            return;
        }

        if (http.Request.ContentLength - before - FormFileReader.MostBehind(boundary) > _options.MaxUndeclared)
        {
            await Answers.WriteErrorAsync(http, metrics, TusErrors.MaxSizeExceeded);
            return;
        }

        var metadata = form.Fields.Aggregate(MetadataOf(http.Request), (metadata, field) => metadata.With(field.Key, field.Value));
        if (await CreateAsync(http, length: null, metadata, form.FileName, default) is not { } upload)
            return;

        // How long the file is shows at the closing boundary only; a form without one never completes.
        var file = new FormFileReader(http.Request.BodyReader, boundary);
        var body = new AppendRequest(0, null, null, Completes: true, file) { InputEnd = FormInputEnd.Of(Http2ConnectionContext.InputEndOf(http)) };
        var result = await ReceiveAsync(http, upload.Id, body);
        if (file.Problem is { } problem)
            await RefuseAsync(http, upload, BodyEnd.None, problem, isUseless: true);
        else if (result.Error is { } error)
            await RefuseAsync(http, upload, result.BodyEnd, error, isUseless: result.BodyEnd == BodyEnd.TooLong);
        else
            await PlainAnswer.WriteAsync(http, result.Upload!, isPage: PlainAnswer.IsForBrowser(http.Request));
    }

    private async ValueTask<(FormHead Form, BodyEnd End, long Bytes)> ReadFieldsAsync(HttpContext http, FormBoundary boundary)
    {
        var content = Requests.ContentLengthOf(http);
        var input = Http2ConnectionContext.InputEndOf(http);
        using var body = new IncomingBody(http.Request.BodyReader, long.MaxValue, content, _options.ReadTimeout, clock);
        if (content is null)
            input?.FollowChunks();
        using var left = input?.Listen(() => body.Stop(BodyEnd.CutShort));
        await using var shutDown = host.ApplicationStopping.UnsafeRegister(static body => ((IncomingBody)body!).Stop(BodyEnd.ShuttingDown), body);
        var form = await new FormReader(body, boundary, _options).ReadAsync();
        return (form, body.End, body.Position);
    }

    // Null when it was refused, and answered so.
    private async ValueTask<Upload?> CreateAsync(HttpContext http, long? length, UploadMetadata metadata, string? fileName, DigestFields digests)
    {
        var (upload, error, refusal) = await create.ExecuteAsync(
            new CreateRequest(length, Named(metadata, fileName), UploadKind.Whole, []) { Digests = digests.Whole.IsDefault ? [] : digests.Whole, WantedDigest = digests.Wanted },
            http.RequestAborted);
        if (refusal is not null)
            await Answers.WriteRefusalAsync(http, metrics, refusal);
        else if (upload is null)
            await Answers.WriteErrorAsync(http, metrics, error!);
        else
            http.Response.Headers.Location = Requests.PublicPrefix(http.Request, _options) + upload.Id;
        return upload;
    }

    private ValueTask<AppendResult> ReceiveAsync(HttpContext http, string uploadId, AppendRequest request) =>
        append.ExecuteAsync(uploadId, request, http.RequestAborted, host.ApplicationStopping);

    // What was only cut can be resumed at its Location; what can never become a file is removed.
    private async ValueTask RefuseAsync(HttpContext http, Upload? upload, BodyEnd end, TusError error, bool isUseless)
    {
        if (isUseless && upload is not null)
        {
            await terminate.ExecuteAsync(upload.Id, http.RequestAborted, CancellationToken.None);
            http.Response.Headers.Remove("Location");
        }

        if (end == BodyEnd.Reset)
        {
            metrics.Refused(error.StatusCode, error.Code); // nobody is there to be told
            http.Abort();
            return;
        }

        if (end is BodyEnd.TimedOut or BodyEnd.ShuttingDown or BodyEnd.CutShort)
            http.Response.Headers.Connection = "close";
        await Answers.WriteErrorAsync(http, metrics, error);
    }

    private static UploadMetadata MetadataOf(HttpRequest request) => UploadMetadata.Parse(request.Headers[TusHeaders.UploadMetadata].ToString());

    // What the sender put into the manifest by hand counts more than what its tool calls the file.
    private UploadMetadata Named(UploadMetadata metadata, string? fileName) =>
        fileName is null || _options.FileNameKeys.Any(key => metadata.TryGetText(key, out _)) ? metadata : metadata.With(_options.FileNameKeys[^1], fileName);
}
