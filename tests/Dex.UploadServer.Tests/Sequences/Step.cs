namespace Dex.UploadServer.Tests.Sequences;

/// <summary>How a request speaks. Hybrid is tus 1.0 with the draft's headers beside it; Newest the draft without an interop version.</summary>
internal enum Dialect
{
    Tus,
    Hybrid,
    Draft3,
    Draft4,
    Draft5,
    Draft6,
    Draft7,
    Draft8,
    Newest,
}

/// <summary>How long a body is, in terms of what its upload still takes.</summary>
internal enum Fill
{
    Nothing,
    Some,
    Rest,
    TooMuch,
}

/// <summary>What a request says of the whole upload's length.</summary>
internal enum LengthSaid
{
    Nothing,
    Fitting,
    Longer,
    TooShort,
}

/// <summary>The digest that comes with a body; only tus 1.0 knows it.</summary>
internal enum Digest
{
    None,
    Right,
    Wrong,
    RightBehind,
    WrongBehind,
    MissingBehind,
}

/// <summary>How a body ends.</summary>
internal enum Ending
{
    Whole,
    HalfClosed,
    Reset,
}

/// <param name="Bytes">Length where <paramref name="Fill"/> leaves it open, and what is too much.</param>
/// <param name="Chunk">Length of each chunk; 0 for a body with <c>Content-Length</c>.</param>
/// <param name="Completes">Says that this is the last piece.</param>
/// <param name="CutAt">Where a cut body ends, in hundredths of its length.</param>
internal sealed record Body(Fill Fill, int Bytes, int Chunk, bool Completes, Digest Digest, Ending Ending, int CutAt);

/// <summary>One thing a client or an operator does. Targets are counted round the uploads there are.</summary>
internal abstract record Step;

/// <param name="Length">Of the upload; null if deferred.</param>
internal sealed record Create(Dialect Dialect, int? Length, bool IsPart, Body? Body) : Step;

/// <param name="Shift">How far the offset is from the true one.</param>
internal sealed record Append(int Target, Dialect Dialect, int Shift, LengthSaid Length, Body Body) : Step;

internal sealed record Ask(int Target, Dialect Dialect) : Step;

internal sealed record Delete(int Target, Dialect Dialect) : Step;

internal sealed record Join(IReadOnlyList<int> Parts) : Step
{
    public override string ToString() => $"Join {{ Parts = {string.Join(' ', Parts)} }}";
}

/// <summary>A body that has sent some bytes and is silent, and what another client does meanwhile.</summary>
internal sealed record TakeOver(int Target, int Sent, Step By) : Step;

/// <param name="Sending">An upload whose body is under way, or null.</param>
internal sealed record Restart(int? Sending, int Sent) : Step;
