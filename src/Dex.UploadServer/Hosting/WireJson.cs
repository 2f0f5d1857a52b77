using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Dex.UploadServer.Hosting;

/// <summary>JSON as the wire has it: compact, and escaped as the predecessor did (spec: http-api.md 1).</summary>
internal static class WireJson
{
    /// <summary>Escapes quote, backslash, control characters, <c>&lt; &gt; &amp;</c>, U+2028 and U+2029; leaves all other text raw; makes U+FFFD of what is not valid Unicode.</summary>
    public static readonly JavaScriptEncoder Encoder = new WireEncoder();

    /// <summary>For every <see cref="Utf8JsonWriter"/> whose output leaves the process.</summary>
    public static readonly JsonWriterOptions WriterOptions = new() { Encoder = Encoder };

    private sealed class WireEncoder : JavaScriptEncoder
    {
        private const string HexDigits = "0123456789abcdef";
        private const int LineSeparator = 0x2028;
        private const int ParagraphSeparator = 0x2029;

        // Text is nearly always plain ASCII, which these sets let the processor skip many characters at a time.
        private static readonly SearchValues<char> PlainChars = SearchValues.Create([.. PlainAscii()]);
        private static readonly SearchValues<byte> PlainBytes = SearchValues.Create([.. PlainAscii().Select(character => (byte)character)]);

        public override int MaxOutputCharactersPerInputCharacter => 6;

        public override bool WillEncode(int unicodeScalar) =>
            unicodeScalar < 0x80 ? !IsPlainAscii((char)unicodeScalar) : unicodeScalar is LineSeparator or ParagraphSeparator;

        public override unsafe int FindFirstCharacterToEncode(char* text, int textLength)
        {
            var all = new ReadOnlySpan<char>(text, textLength);
            for (var at = 0; at < all.Length;)
            {
                var stop = all[at..].IndexOfAnyExcept(PlainChars);
                if (stop < 0)
                    return -1;
                at += stop;
                if (Rune.DecodeFromUtf16(all[at..], out var rune, out var length) != OperationStatus.Done || WillEncode(rune.Value))
                    return at;
                at += length;
            }

            return -1;
        }

        public override int FindFirstCharacterToEncodeUtf8(ReadOnlySpan<byte> utf8Text)
        {
            for (var at = 0; at < utf8Text.Length;)
            {
                var stop = utf8Text[at..].IndexOfAnyExcept(PlainBytes);
                if (stop < 0)
                    return -1;
                at += stop;
                if (Rune.DecodeFromUtf8(utf8Text[at..], out var rune, out var length) != OperationStatus.Done || WillEncode(rune.Value))
                    return at;
                at += length;
            }

            return -1;
        }

        public override unsafe bool TryEncodeUnicodeScalar(int unicodeScalar, char* buffer, int bufferLength, out int numberOfCharactersWritten)
        {
            var output = new Span<char>(buffer, bufferLength);
            var shortForm = unicodeScalar switch
            {
                '"' => '"',
                '\\' => '\\',
                '\n' => 'n',
                '\r' => 'r',
                '\t' => 't',
                '\b' => 'b',
                '\f' => 'f',
                _ => '\0',
            };
            numberOfCharactersWritten = 0;
            if (shortForm != '\0')
            {
                if (output.Length < 2)
                    return false;
                output[0] = '\\';
                output[1] = shortForm;
                numberOfCharactersWritten = 2;
                return true;
            }

            // Asked for only in place of something that is not Unicode: the replacement itself needs no escape.
            if (!WillEncode(unicodeScalar))
                return new Rune(unicodeScalar).TryEncodeToUtf16(output, out numberOfCharactersWritten);

            if (output.Length < 6)
                return false;
            output[0] = '\\';
            output[1] = 'u';
            for (var digit = 0; digit < 4; digit++)
                output[2 + digit] = HexDigits[(unicodeScalar >> (12 - (4 * digit))) & 0xF];
            numberOfCharactersWritten = 6;
            return true;
        }

        private static bool IsPlainAscii(char character) =>
            character is >= ' ' and < (char)0x80 and not ('"' or '\\' or '<' or '>' or '&');

        private static IEnumerable<char> PlainAscii() =>
            Enumerable.Range(0, 0x80).Select(code => (char)code).Where(IsPlainAscii);
    }
}
