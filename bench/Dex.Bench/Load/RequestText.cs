using System.Buffers.Text;

namespace Dex.Bench.Load;

/// <summary>A request as it is put together: one buffer, used again and again.</summary>
internal sealed class RequestText
{
    private readonly byte[] _buffer = new byte[8 * 1024];
    private int _length;

    public ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, _length);

    public RequestText Start(ReadOnlySpan<byte> method, ReadOnlySpan<byte> path)
    {
        _length = 0;
        return Add(method).Add(path);
    }

    public RequestText Add(ReadOnlySpan<byte> text)
    {
        text.CopyTo(_buffer.AsSpan(_length));
        _length += text.Length;
        return this;
    }

    public RequestText Add(long number)
    {
        Utf8Formatter.TryFormat(number, _buffer.AsSpan(_length), out var written);
        _length += written;
        return this;
    }
}
