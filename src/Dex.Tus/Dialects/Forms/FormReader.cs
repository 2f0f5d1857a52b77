using System.Buffers;
using System.Text;
using Dex.Tus.Operations;
using Dex.Tus.Receiving;
using Dex.Tus.Stores;

namespace Dex.Tus.Dialects.Forms;

/// <summary>A form up to the first byte of its file.</summary>
/// <param name="Fields">In the order sent.</param>
/// <param name="FileName">Of the file that follows.</param>
/// <param name="Error">Why there is nothing to go on with; null if there is.</param>
internal sealed record FormHead(IReadOnlyList<KeyValuePair<string, string>> Fields, string FileName, TusError? Error);

/// <summary>Reads the fields of a form, which come before its file, and takes not one byte of the file (RFC 7578).</summary>
/// <remarks>Everything here is small: what a part, a field or all of them may have is bounded by the limits for metadata.</remarks>
internal sealed class FormReader(IncomingBody body, FormBoundary boundary, TusOptions options)
{
    private const int Step = 1024;
    private const int MostInHead = 8 * 1024;
    private const int MostBehindBoundary = 64;

    private static readonly byte[] LineEnd = "\r\n"u8.ToArray();
    private static readonly byte[] BlankLine = "\r\n\r\n"u8.ToArray();

    private readonly ArrayBufferWriter<byte> _taken = new();
    private readonly List<KeyValuePair<string, string>> _fields = [];
    private int _room = options.MaxMetadataBytes;
    private int _length;

    private ReadOnlySpan<byte> Taken => _taken.WrittenSpan[.._length];

    public async ValueTask<FormHead> ReadAsync()
    {
        if (!await TakeAsync(boundary.Opening, most: LineEnd.Length) || !(Taken.IsEmpty || Taken.SequenceEqual(LineEnd)))
            return Refused(TusErrors.FormUnreadable);

        while (true)
        {
            var isLine = await TakeAsync(LineEnd, MostBehindBoundary);
            if (Taken.StartsWith("--"u8) && (isLine || body.End == BodyEnd.Complete))
                return Refused(TusErrors.FormWithoutFile);
            if (!isLine || Taken.ContainsAnyExcept((byte)' ', (byte)'\t'))
                return Refused(TusErrors.FormUnreadable);
            if (!await TakeAsync(BlankLine, MostInHead) || FormPart.Read(Taken) is not { } part)
                return Refused(TusErrors.FormUnreadable);
            if (part.FileName is { } fileName)
                return fileName.Length == 0 ? Refused(TusErrors.FormWithoutFile) : new FormHead(_fields, fileName, null);
            if (await ReadFieldAsync(part.Name) is { } error)
                return Refused(error);
        }
    }

    private async ValueTask<TusError?> ReadFieldAsync(string name)
    {
        if (!UploadMetadata.IsKey(name))
            return TusErrors.FormFieldUnusable;
        _room -= name.Length;
        if (_fields.Count == options.MaxMetadataKeys || _room < 0)
            return TusErrors.FormTooLarge;
        if (!await TakeAsync(boundary.Delimiter, _room))
            return body.End == BodyEnd.None ? TusErrors.FormTooLarge : TusErrors.FormUnreadable;
        _room -= _length;
        _fields.Add(new(name, Encoding.UTF8.GetString(Taken)));
        return null;
    }

    // Takes all up to the pattern and the pattern itself. False if the body ends first, or there is more than so much before it.
    private async ValueTask<bool> TakeAsync(ReadOnlyMemory<byte> pattern, int most)
    {
        _taken.ResetWrittenCount();
        while (_taken.WrittenCount < most + pattern.Length && await body.ReadAsync() is { IsEmpty: false } received)
        {
            var before = _taken.WrittenCount;
            received = received.Slice(0, Math.Min(received.Length, Math.Min(Step, most + pattern.Length - before)));
            received.CopyTo(_taken.GetSpan((int)received.Length));
            _taken.Advance((int)received.Length);
            var from = Math.Max(0, before - pattern.Length + 1);
            var found = _taken.WrittenSpan[from..].IndexOf(pattern.Span);
            if (found < 0)
            {
                body.Advance(received.Length);
                continue;
            }

            _length = from + found;
            body.Advance(_length + pattern.Length - before);
            return true;
        }

        _length = _taken.WrittenCount;
        return false;
    }

    // A body that was cut is not the form's fault.
    private FormHead Refused(TusError error) => new([], "", (body.End == BodyEnd.None ? null : AppendToUpload.ErrorOf(body.End)) ?? error);
}
