using System.Globalization;
using System.Text;
using Dex.Testing;

namespace Dex.UploadServer.Tests.Sequences;

/// <summary>Does what a sequence says, and holds every answer to the model.</summary>
internal sealed class SequenceRunner(RestartableServer server) : IDisposable
{
    private static readonly string Manifest = "Upload-Metadata: " + ServerManifest.Encode(ServerManifest.For("sequence"));

    private readonly List<ModelUpload> _uploads = [];
    private RawConnection? _kept;
    private int _seed;

    /// <summary>The uploads as they must be now.</summary>
    public IReadOnlyList<ModelUpload> Uploads => _uploads;

    public async Task RunAsync(Step step)
    {
        await DoAsync(step);
        await SettleFinalsAsync();
    }

    private Task DoAsync(Step step) => step switch
    {
        Create create => CreateAsync(create),
        Append append => OnTargetAsync(append.Target, target => AppendAsync(target, append)),
        Ask ask => OnTargetAsync(ask.Target, target => AskAsync(target, ask.Dialect)),
        Delete delete => OnTargetAsync(delete.Target, target => DeleteAsync(target, delete.Dialect)),
        Join join => JoinAsync(join),
        TakeOver takeOver => OnTargetAsync(takeOver.Target, target => TakeOverAsync(target, takeOver)),
        Restart restart => RestartAsync(restart),
        _ => throw new ArgumentException($"unknown step {step}", nameof(step)),
    };

    /// <summary>Asks for an upload and compares all that is told.</summary>
    public async Task AskAsync(int target, Dialect dialect)
    {
        var upload = _uploads[target];
        var isDraft = dialect.IsDraft() && dialect != Dialect.Newest; // a HEAD without any version is tus 1.0's
        var answer = await ExchangeAsync(Encoding.ASCII.GetBytes(Wire.Head("HEAD", PathOf(upload), dialect.Opening())), toHead: true);
        if (upload.IsDeleted || upload.IsLost || upload.IsWaiting)
            Assert.Null(answer.Header("Upload-Offset"));
        if (upload.IsDeleted || upload.IsLost)
        {
            Assert.Contains(answer.Status, upload.IsDeleted ? [404, 410] : (int[])[410]);
            return;
        }

        Assert.Equal((isDraft ? 204 : 200, "no-store"), (answer.Status, answer.Header("Cache-Control")));
        if (upload.IsWaiting)
        {
            var lengths = PartsOf(upload).Select(part => part.Length).ToArray();
            Assert.Equal(lengths.Contains(null) ? null : lengths.Sum()?.ToString(CultureInfo.InvariantCulture), answer.Header("Upload-Length"));
            return;
        }

        upload = _uploads[target] = upload.At(Number(answer, "Upload-Offset"));
        Assert.Equal(upload.Length?.ToString(CultureInfo.InvariantCulture), answer.Header("Upload-Length"));
        Assert.Equal(upload.Length is null ? "1" : null, answer.Header("Upload-Defer-Length"));
        Assert.Equal(isDraft ? null : "1.0.0", answer.Header("Tus-Resumable"));
        if (isDraft)
            Assert.Equal(upload.IsComplete, dialect.SaysComplete(answer));
        else
            Assert.Equal(ConcatOf(upload), answer.Header("Upload-Concat"));
    }

    public void Dispose() => _kept?.Dispose();

    private async Task CreateAsync(Create create)
    {
        var isDraft = create.Dialect.IsDraft();
        var isPart = create.IsPart && !isDraft;
        var empty = new ModelUpload("", [], create.Length) { IsPart = isPart };

        // Its address would be lost with the connection, so a creation is never reset.
        var request = create.Body is { } body ? BodyRequest.Draw(empty, create.Dialect, 0, LengthSaid.Nothing, body, ++_seed).HalfClosed() : null;
        var refused = Rules.RefuseCreation(isDraft, create.Length, request?.Attempt);
        var ofContent = request?.Attempt.End ?? create.Length;

        List<string> lines = [.. create.Dialect.Opening(), Manifest];
        if (create.Length is { } length)
            lines.Add($"Upload-Length: {length}");
        else if (!isDraft)
            lines.Add("Upload-Defer-Length: 1");
        if (isPart)
            lines.Add("Upload-Concat: partial");
        lines.AddRange(request is null ? ["Content-Length: 0", .. create.Dialect.Completeness(false)] : [create.Dialect.ContentType(), .. request.Lines]);

        var answer = await SendAsync(Wire.Head("POST", "/files", lines), request);
        if (refused is not null)
        {
            Assert.Contains(answer.Status, refused);
            Assert.Null(answer.Header("Location"));
            return;
        }

        var created = (empty with { Id = answer.Header("Location")![^36..] }).With([], isDraft ? ofContent : create.Length);
        var outcome = request is null ? new Outcome([204], created) : Rules.Append(created, request.Attempt);
        Assert.True(outcome.Allows(answer.Status == 201 ? 204 : answer.Status), $"creation was answered {answer.Status} {answer.Body}");
        _uploads.Add(outcome.After!);
        if (answer.Status == 201 && (request is not null || isDraft))
            Assert.Equal(outcome.After!.Offset, Number(answer, "Upload-Offset"));
    }

    private async Task AppendAsync(int target, Append append)
    {
        var upload = _uploads[target];
        var request = BodyRequest.Draw(upload, append.Dialect, append.Shift, append.Length, append.Body, ++_seed);
        var outcome = Rules.Append(upload, request.Attempt);
        if (request.Attempt.Ending == Ending.Reset && outcome.After!.Perhaps.Length == 0)
        {
            // Nothing would tell that the server has seen it, and it must not come to life later.
            request = request.HalfClosed();
            outcome = Rules.Append(upload, request.Attempt);
        }

        var head = Wire.Head("PATCH", PathOf(upload), [.. append.Dialect.Opening(), append.Dialect.ContentType(), $"Upload-Offset: {request.Attempt.Offset}", .. request.Lines]);
        _uploads[target] = outcome.After!;
        if (request.Attempt.Ending == Ending.Reset)
        {
            await BreakOffAsync(head, request, upload);
            await AskAsync(target, append.Dialect);
            return;
        }

        var answer = await SendAsync(head, request);
        Assert.True(outcome.Allows(answer.Status), $"answered {answer.Status} {answer.Body}, but by the rules {string.Join(" or ", outcome.Statuses)}: {append} on {upload.Offset} of {upload.Length}");
        if (answer.Status == 204)
            Assert.Equal(outcome.After!.Offset, Number(answer, "Upload-Offset"));
        if (answer.Status == 204 && append.Dialect.IsDraft())
            Assert.Equal(outcome.After!.IsComplete, append.Dialect.SaysComplete(answer));
        if (answer.Status == 409)
            Assert.Equal(upload.Offset, Number(answer, "Upload-Offset"));
    }

    private async Task DeleteAsync(int target, Dialect dialect)
    {
        var upload = _uploads[target];
        var answer = await ExchangeAsync(Encoding.ASCII.GetBytes(Wire.Head("DELETE", PathOf(upload), dialect == Dialect.Newest ? Dialect.Tus.Opening() : dialect.Opening())));

        Assert.Contains(answer.Status, upload.IsDeleted ? [404, 410] : (int[])[204]);
        _uploads[target] = upload with { IsDeleted = true };
    }

    private async Task JoinAsync(Join join)
    {
        var known = _uploads.Where(upload => upload.IsPart).ToArray();
        if (known.Length == 0)
            return;
        ModelUpload[] parts = [.. join.Parts.Select(part => known[part % known.Length])];
        var urls = parts.Select((part, place) => place % 2 == 0 ? $"http://elsewhere/files/{part.Id}" : $"/files/{part.Id}/");
        var answer = await ExchangeAsync(Encoding.ASCII.GetBytes(Wire.Head(
            "POST", "/files/", [.. Dialect.Tus.Opening(), Manifest, $"Upload-Concat: final;{string.Join(' ', urls)}", "Content-Length: 0"])));

        var isUnfinished = parts.Any(part => !part.IsComplete);
        var mayWait = isUnfinished && await JoinsUnfinishedAsync();
        int[] refusals = [.. parts.Any(part => part.IsDeleted) ? [404] : (int[])[], .. isUnfinished && !mayWait ? [400] : (int[])[]];
        Assert.Contains(answer.Status, refusals is [] ? [201] : refusals);
        if (answer.Status != 201)
            return;
        var final = new ModelUpload(answer.Header("Location")![^36..], [], null) { Parts = parts, IsWaiting = isUnfinished };
        _uploads.Add(isUnfinished ? final : Joined(final));
    }

    private async Task<bool> JoinsUnfinishedAsync() =>
        (await ExchangeAsync(Encoding.ASCII.GetBytes(Wire.Head("OPTIONS", "/files", [])))).Header("Tus-Extension")!.Split(',').Contains("concatenation-unfinished");

    // CC9: a final upload that waited becomes complete by itself, or never can.
    private async Task SettleFinalsAsync()
    {
        for (var i = 0; i < _uploads.Count; i++)
        {
            if (_uploads[i] is not { IsWaiting: true, IsDeleted: false } final)
                continue;
            if (PartsOf(final).Any(part => part.IsDeleted))
                _uploads[i] = final with { IsWaiting = false, IsLost = true };
            if (!PartsOf(final).All(part => part is { IsComplete: true, IsDeleted: false }))
                continue;
            _uploads[i] = Joined(final);
            await Eventually.TrueAsync(async () =>
                (await ExchangeAsync(Encoding.ASCII.GetBytes(Wire.Head("HEAD", PathOf(final), [])), toHead: true)).Header("Upload-Offset") is not null);
        }
    }

    private ModelUpload Joined(ModelUpload final)
    {
        byte[] content = [.. PartsOf(final).SelectMany(part => part.Content)];
        return (final with { IsWaiting = false }).With(content, content.Length);
    }

    // As they are now, not as they were when they were named.
    private IEnumerable<ModelUpload> PartsOf(ModelUpload final) => final.Parts!.Select(part => _uploads.Single(upload => upload.Id == part.Id));

    private async Task TakeOverAsync(int target, TakeOver takeOver)
    {
        using var displaced = await StartSendingAsync(target, takeOver.Sent);

        await DoAsync(takeOver.By switch
        {
            Ask ask => ask with { Target = target },
            Append append => append with { Target = target },
            var by => (Delete)by with { Target = target },
        });
        if (displaced is not null)
            Assert.Equal(400, (await displaced.ReadFinalAnswerAsync())?.Status);
    }

    private async Task RestartAsync(Restart restart)
    {
        var target = restart.Sending % Math.Max(1, _uploads.Count);
        var before = target is { } one && _uploads.Count > 0 ? _uploads[one] : null;
        using var sending = before is null ? null : await StartSendingAsync(target!.Value, restart.Sent);
        _kept?.Dispose();
        _kept = null;

        await server.RestartAsync();

        if (sending is null)
            return;
        if (!server.EndsInOrder)
            _uploads[target!.Value] = before! with { Perhaps = _uploads[target.Value].Content[(int)before!.Offset..] };
        else if (await sending.ReadFinalAnswerAsync() is { } answer)
            Assert.Equal(503, answer.Status);
        await AskAsync(target!.Value, Dialect.Tus);
    }

    // A body that has sent some of what it announced, all of it stored, and is silent; null if the upload takes none.
    private async Task<RawConnection?> StartSendingAsync(int target, int sent)
    {
        var upload = _uploads[target];
        var room = (upload.Length ?? long.MaxValue) - upload.Offset;
        if (upload.IsDeleted || upload.Parts is not null || room < 2)
            return null;
        var bytes = Bodies.Random((int)Math.Min(sent, room - 1), ++_seed);
        var connection = await RawConnection.OpenAsync(server.Port);
        await connection.SendAsync(Wire.Head("PATCH", PathOf(upload),
            [.. Dialect.Tus.Opening(), Dialect.Tus.ContentType(), $"Upload-Offset: {upload.Offset}", $"Content-Length: {Math.Min(room, bytes.Length + 10L)}"]));
        await connection.SendAsync(bytes);
        await StoredAsync(connection, upload, upload.Offset + bytes.Length);
        _uploads[target] = upload.With(bytes, upload.Length);
        return connection;
    }

    // The first byte is waited for, so that the server has the request in hand when the connection breaks.
    private async Task BreakOffAsync(string head, BodyRequest request, ModelUpload upload)
    {
        using var connection = await RawConnection.OpenAsync(server.Port);
        await connection.SendAsync(head);
        var framed = request.Frame();
        var first = Wire.Frame(request.Content, request.Chunk, request.Attempt.Digest, 1, isCut: true).Length;
        await connection.SendAsync(framed.AsMemory(0, Math.Min(first, framed.Length)));
        await StoredAsync(connection, upload, upload.Offset + 1);
        await connection.SendAsync(framed.AsMemory(Math.Min(first, framed.Length)));
        connection.Reset();
    }

    private async Task StoredAsync(RawConnection sending, ModelUpload upload, long offset)
    {
        long? stored = null;
        try
        {
            await Eventually.TrueAsync(async () => (stored = (await server.FindInfoAsync(upload.Id))?.Size) >= offset);
        }
        catch (TimeoutException)
        {
            sending.EndSending();
            var answer = await sending.ReadFinalAnswerAsync();
            Assert.Fail($"{upload.Id} has {stored} bytes and not {offset}; its sender was answered {answer?.StatusLine} {answer?.Body}");
        }
    }

    private async Task<RawAnswer> SendAsync(string head, BodyRequest? request)
    {
        byte[] bytes = [.. Encoding.ASCII.GetBytes(head), .. request?.Frame() ?? []];
        if (request is not { Attempt.IsCut: true })
            return await ExchangeAsync(bytes);

        using var connection = await RawConnection.OpenAsync(server.Port);
        await connection.SendAsync(bytes);
        connection.EndSending();
        return await connection.ReadFinalAnswerAsync() ?? throw new IOException("a client that still listens was not answered");
    }

    // One connection for all that goes well, so that what a request leaves behind on it meets the next one.
    private async Task<RawAnswer> ExchangeAsync(byte[] request, bool toHead = false)
    {
        var connection = _kept ?? await RawConnection.OpenAsync(server.Port);
        _kept = null;
        await connection.SendAsync(request);
        var answer = await connection.ReadFinalAnswerAsync(toHead) ?? throw new IOException("the connection was closed without an answer");
        if (answer.Status < 300)
            _kept = connection;
        else
            connection.Dispose();
        return answer;
    }

    private Task OnTargetAsync(int target, Func<int, Task> act) => _uploads.Count == 0 ? Task.CompletedTask : act(target % _uploads.Count);

    private static string PathOf(ModelUpload upload) => $"/files/{upload.Id}";

    private static string? ConcatOf(ModelUpload upload) => upload.Parts is { } parts
        ? "final;" + string.Join(' ', parts.Select(part => $"http://up.example/files/{part.Id}"))
        : upload.IsPart ? "partial" : null;

    private static long Number(RawAnswer answer, string header) =>
        long.Parse(answer.Header(header) ?? throw new InvalidDataException($"{header} is missing on {answer.StatusLine}"), CultureInfo.InvariantCulture);
}
