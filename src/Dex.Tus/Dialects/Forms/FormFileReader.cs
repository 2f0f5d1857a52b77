using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Dex.Tus.Dialects.Forms;

/// <summary>The content of a form's file, in place: a body that is complete only when the closing boundary came and nothing else behind it.</summary>
/// <remarks>A form that goes on otherwise is no proper end: the reader throws, and <see cref="Problem"/> says why.</remarks>
internal sealed class FormFileReader(PipeReader form, FormBoundary boundary) : PipeReader
{
    private const int MostInEpilogue = 1024;
    private const int ClosingDashes = 2;

    private ReadOnlySequence<byte> _received;
    private ReadOnlySequence<byte> _handedOut;
    private Place _place;
    private bool _isAllSeen;
    private long _epilogue;

    private enum Place { Content, Boundary, Epilogue }

    /// <summary>What is wrong with the form; null as long as nothing is.</summary>
    public TusError? Problem { get; private set; }

    /// <summary>Most bytes that a proper form has behind its file's content.</summary>
    public static int MostBehind(FormBoundary boundary) => boundary.Delimiter.Length + ClosingDashes + MostInEpilogue;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => Sift(await form.ReadAsync(cancellationToken));

    public override bool TryRead(out ReadResult result)
    {
        if (!form.TryRead(out result))
            return false;
        result = Sift(result);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    // What is held back behind the content has been looked at, too: only more of the form can say what it is.
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) =>
        form.AdvanceTo(consumed, _isAllSeen && _handedOut.Slice(examined).IsEmpty ? _received.End : examined);

    public override void CancelPendingRead() => form.CancelPendingRead();

    public override void Complete(Exception? exception = null) => form.Complete(exception);

    private ReadResult Sift(ReadResult read)
    {
        _received = read.Buffer;
        _handedOut = _place switch
        {
            Place.Content => ReadContent(read.Buffer),
            Place.Boundary => ReadBehindBoundary(read.Buffer),
            _ => ReadEpilogue(read.Buffer),
        };
        if (read.IsCompleted && _handedOut.IsEmpty && _isAllSeen && _place != Place.Epilogue)
            Problem ??= TusErrors.FormUnreadable;
        if (Problem is null)
            return new ReadResult(_handedOut, read.IsCanceled, read.IsCompleted && _place == Place.Epilogue);

        form.AdvanceTo(_received.Start, _received.End); // the rest is somebody else's to drop
        throw new InvalidDataException("The form does not end behind its file.");
    }

    private ReadOnlySequence<byte> ReadContent(ReadOnlySequence<byte> buffer)
    {
        var reader = new SequenceReader<byte>(buffer);
        if (!reader.TryReadTo(out ReadOnlySequence<byte> content, boundary.Delimiter.Span, advancePastDelimiter: false))
        {
            _isAllSeen = true;
            return buffer.Slice(0, buffer.Length - CountBegunDelimiter(buffer));
        }

        _isAllSeen = false;
        if (!content.IsEmpty)
            return content;
        _place = Place.Boundary;
        return ReadBehindBoundary(buffer.Slice(boundary.Delimiter.Length));
    }

    private ReadOnlySequence<byte> ReadBehindBoundary(ReadOnlySequence<byte> buffer)
    {
        _isAllSeen = true;
        if (buffer.Length < ClosingDashes)
            return buffer.Slice(0, 0);

        Span<byte> dashes = stackalloc byte[ClosingDashes];
        buffer.Slice(0, ClosingDashes).CopyTo(dashes);
        if (!dashes.SequenceEqual("--"u8))
        {
            Problem = TusErrors.FormGoesOn;
            return buffer.Slice(0, 0);
        }

        _place = Place.Epilogue;
        return ReadEpilogue(buffer.Slice(ClosingDashes));
    }

    // A line end, as a rule.
    private ReadOnlySequence<byte> ReadEpilogue(ReadOnlySequence<byte> buffer)
    {
        _isAllSeen = true;
        _epilogue += buffer.Length;
        if (_epilogue > MostInEpilogue)
            Problem = TusErrors.FormGoesOn;
        return buffer.Slice(buffer.End);
    }

    // Bytes at the end that may turn out to be the beginning of the delimiter.
    private int CountBegunDelimiter(ReadOnlySequence<byte> buffer)
    {
        var delimiter = boundary.Delimiter.Span;
        Span<byte> end = stackalloc byte[(int)Math.Min(buffer.Length, delimiter.Length - 1)];
        buffer.Slice(buffer.Length - end.Length).CopyTo(end);
        while (end.IndexOf(delimiter[0]) is >= 0 and var at)
        {
            end = end[at..];
            if (delimiter.StartsWith(end))
                return end.Length;
            end = end[1..];
        }

        return 0;
    }
}
