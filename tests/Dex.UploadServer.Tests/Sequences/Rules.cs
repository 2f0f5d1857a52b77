namespace Dex.UploadServer.Tests.Sequences;

/// <summary>A body as it was sent, in the terms that decide what becomes of it.</summary>
/// <param name="Declared">The whole upload's length by this request.</param>
/// <param name="Sent">What was sent of it; all, unless it was cut.</param>
/// <param name="Announced"><c>Content-Length</c>; null for chunks.</param>
internal sealed record Attempt(long Offset, long? Declared, byte[] Sent, long? Announced, bool Completes, Digest Digest, Ending Ending)
{
    public bool IsCut => Ending != Ending.Whole;

    /// <summary>Where the upload ends, if the request says so by its length.</summary>
    public long? End => Completes && Announced is { } bytes ? Offset + bytes : null;
}

/// <param name="Statuses">Any of these is right; none stands for any refusal.</param>
internal readonly record struct Outcome(int[] Statuses, ModelUpload? After)
{
    public bool Allows(int status) => Statuses.Length == 0 ? status >= 400 : Statuses.Contains(status);
}

/// <summary>The protocol's rules, told a second time and without a server (spec: tus.md 3 to 6, 9, 18).</summary>
internal static class Rules
{
    public static Outcome Append(ModelUpload upload, Attempt attempt)
    {
        if (upload.IsDeleted)
            return new([404, 410], upload);
        if (upload.Parts is not null)
            return new(upload.IsLost ? [403, 410] : [403], upload); // CC5, CC9
        if (attempt.Offset != upload.Offset)
            return new([409], upload); // P4
        if (FindLengthError(upload, attempt) is { } error)
            return new(error, upload);
        if (upload.IsComplete)
            return new(attempt.Sent.Length == 0 && !attempt.IsCut ? [204] : [204, 413, 400], upload); // P7, DR14

        var length = attempt.Declared ?? upload.Length ?? attempt.End;
        var room = (length ?? long.MaxValue) - upload.Offset;
        if (attempt.Announced > room)
            return new([413], upload); // P8
        return attempt.Digest == Digest.None ? Receive(upload, attempt, length, room) : Verify(upload, attempt, length, room);
    }

    // DL4, DL6, DR8.
    private static int[]? FindLengthError(ModelUpload upload, Attempt attempt)
    {
        if (!upload.IsComplete && attempt.End < (attempt.Declared ?? upload.Length))
            return [400];
        if (attempt.Declared is not { } declared)
            return null;
        return declared < upload.Offset || (upload.Length is { } known && declared != known) ? [400] : null;
    }

    private static Outcome Receive(ModelUpload upload, Attempt attempt, long? length, long room)
    {
        if (attempt.Sent.Length > room)
            return new(attempt.IsCut ? [] : [413], upload.With(attempt.Sent.AsSpan(0, (int)room), length)); // P9
        if (attempt.Ending == Ending.Reset)
            return new([], upload with { Length = length, Perhaps = attempt.Sent });

        var received = upload.With(attempt.Sent, length);
        if (attempt.IsCut)
            return new([], received); // BR1, BR2, BR4
        return new([204], attempt.Completes && length is null ? received.With([], received.Offset) : received); // DR6, HY2
    }

    // CK1, CK3: all or nothing.
    private static Outcome Verify(ModelUpload upload, Attempt attempt, long? length, long room)
    {
        if (attempt.IsCut)
            return new([], upload);
        if (attempt.Sent.Length > room)
            return new([413], upload);
        return attempt.Digest switch
        {
            Digest.Right or Digest.RightBehind => Receive(upload, attempt, length, room),
            Digest.MissingBehind => new([400], upload),
            _ => new([460], upload),
        };
    }

    /// <summary>Whether a creation is refused before anything exists; null if not.</summary>
    public static int[]? RefuseCreation(bool isDraft, long? length, Attempt? body)
    {
        if (body is null)
            return null;
        if (body is { Announced: 0, Digest: Digest.Wrong })
            return [460]; // CK5: so may be the whole upload
        if (length == 0 && body is { Announced: null })
            return RefuseNothing(body);
        if (isDraft && body.End is { } end && length is { } said && end != said)
            return end > said ? [413] : [400];
        if (body.End < length)
            return [400];
        return body.Announced > (length ?? long.MaxValue) ? [413] : null;
    }

    // CK1, CK5: chunks for an upload without bytes are read before it exists.
    private static int[]? RefuseNothing(Attempt body) => body switch
    {
        { Sent.Length: > 0 } => body.IsCut ? [413, 400] : [413],
        { IsCut: true } or { Digest: Digest.MissingBehind } => [400],
        { Digest: Digest.Wrong or Digest.WrongBehind } => [460],
        _ => null,
    };
}
