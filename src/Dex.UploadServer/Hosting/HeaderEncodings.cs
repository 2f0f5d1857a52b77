using System.Text;
using Microsoft.Net.Http.Headers;

namespace Dex.UploadServer.Hosting;

/// <summary>How the bytes of request headers become text.</summary>
internal static class HeaderEncodings
{
    private static readonly DigitsOnly Digits = new();

    /// <summary>Bytes that are not UTF-8 become U+FFFD rather than refuse the request: senders in the field name files in any encoding (spec: tus.md MD1).</summary>
    public static Encoding Of(string name) => name == HeaderNames.ContentLength ? Digits : Encoding.UTF8;

    /// <summary>Spoils every byte that is no digit, since the stack would take the sign in <c>Content-Length: +5</c> (spec: reliability.md S-7).</summary>
    private sealed class DigitsOnly : Encoding
    {
        public override int GetChars(ReadOnlySpan<byte> bytes, Span<char> chars)
        {
            var count = Math.Min(bytes.Length, chars.Length); // the stack refuses what fills its buffer
            for (var i = 0; i < count; i++)
                chars[i] = char.IsAsciiDigit((char)bytes[i]) ? (char)bytes[i] : '?';
            return count;
        }

        public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex) =>
            GetChars(bytes.AsSpan(byteIndex, byteCount), chars.AsSpan(charIndex));

        public override int GetCharCount(byte[] bytes, int index, int count) => count;

        public override int GetMaxCharCount(int byteCount) => byteCount;

        public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) =>
            Latin1.GetBytes(chars, charIndex, charCount, bytes, byteIndex);

        public override int GetByteCount(char[] chars, int index, int count) => count;

        public override int GetMaxByteCount(int charCount) => charCount;
    }
}
