using Dex.Testing;

namespace Dex.UploadServer.Tests.Sequences;

/// <summary>A request with a body, as a step describes it and an upload allows it.</summary>
/// <param name="Content">The whole body, of which a cut one sends the beginning.</param>
/// <param name="Chunk">Length of each chunk; 0 for a body with <c>Content-Length</c>.</param>
/// <param name="Lines">Headers that say what the body is.</param>
internal sealed record BodyRequest(Attempt Attempt, byte[] Content, int Chunk, IReadOnlyList<string> Lines)
{
    public byte[] Frame() => Wire.Frame(Content, Chunk, Attempt.Digest, Attempt.Sent.Length, Attempt.IsCut);

    /// <summary>The same, ended in order where it would be reset, so that it is answered.</summary>
    public BodyRequest HalfClosed() => Attempt.Ending == Ending.Reset ? this with { Attempt = Attempt with { Ending = Ending.HalfClosed } } : this;

    /// <param name="shift">How far the offset is from the true one.</param>
    /// <param name="said">What it says of the whole length.</param>
    public static BodyRequest Draw(ModelUpload upload, Dialect dialect, int shift, LengthSaid said, Body body, int seed)
    {
        var room = (upload.Length ?? long.MaxValue) - upload.Offset;
        var size = (int)(body.Fill switch
        {
            Fill.Nothing => 0,
            Fill.Rest when upload.Length is not null => room,
            Fill.TooMuch when upload.Length is not null => room + body.Bytes,
            _ => Math.Min(body.Bytes, room),
        });
        var content = Bodies.Random(size, seed);
        var digest = dialect.IsDraft() ? Digest.None : body.Digest;
        if (body.Chunk == 0)
            digest = digest switch { Digest.RightBehind => Digest.Right, Digest.WrongBehind => Digest.Wrong, Digest.MissingBehind => Digest.None, _ => digest };
        var fitting = upload.Length ?? upload.Offset + size;
        long? declared = said switch
        {
            LengthSaid.Fitting => fitting,
            LengthSaid.Longer => fitting + 10,
            LengthSaid.TooShort => Math.Max(0, fitting - 1),
            _ => null,
        };
        var ending = size == 0 && body.Chunk == 0 ? Ending.Whole : body.Ending;
        var sent = ending == Ending.Whole ? content : content[..(int)(size * (long)body.CutAt / 100)];
        var completes = body.Completes && dialect != Dialect.Tus;
        var attempt = new Attempt(Math.Max(0, upload.Offset + shift), declared, sent, body.Chunk == 0 ? size : null, completes, digest, ending);
        List<string> lines = [.. dialect.Completeness(completes), .. Wire.Framing(content, body.Chunk, digest)];
        if (declared is not null)
            lines.Add($"Upload-Length: {declared}");
        return new BodyRequest(attempt, content, body.Chunk, lines);
    }
}
