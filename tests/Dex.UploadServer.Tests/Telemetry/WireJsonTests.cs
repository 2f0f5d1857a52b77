using System.Buffers;
using System.Text;
using System.Text.Json;
using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Tests.Telemetry;

public sealed class WireJsonTests
{
    [Theory]
    [InlineData("plain text, 'quoted' + 100%", "plain text, 'quoted' + 100%")]
    [InlineData("<b>&\"\\</b>", @"\u003cb\u003e\u0026\""\\\u003c/b\u003e")]
    [InlineData("a\nb\rc\td\be\ff", @"a\nb\rc\td\be\ff")]
    [InlineData("\0\u0001\u001b\u001f", @"\u0000\u0001\u001b\u001f")]
    [InlineData("\u2028|\u2029", @"\u2028|\u2029")]
    [InlineData("Žluťoučký 漢字 \u007f\u00a0\ufeff", "Žluťoučký 漢字 \u007f\u00a0\ufeff")]
    [InlineData("\U0001F600<\U0001F600", "\U0001F600\\u003c\U0001F600")]
    [InlineData("", "")]
    public void Text_is_escaped_as_the_predecessor_did(string text, string expected)
    {
        Assert.Equal($"\"{expected}\"", WriteText(text));
        Assert.Equal($"\"{expected}\"", WriteUtf8(Encoding.UTF8.GetBytes(text)));
    }

    [Theory]
    [InlineData(new[] { 'a', '\ud800', 'b' }, "a\ufffdb")]
    [InlineData(new[] { 'a', '\udc00' }, "a\ufffd")]
    [InlineData(new[] { '\ud83d' }, "\ufffd")]
    [InlineData(new[] { '\udc00', '\ud800', '<' }, "\ufffd\ufffd\\u003c")]
    public void A_lone_surrogate_becomes_the_replacement_character(char[] text, string expected) =>
        Assert.Equal($"\"{expected}\"", WriteText(new string(text)));

    [Theory]
    [InlineData(new byte[] { (byte)'a', 0xff, (byte)'b' }, "a\ufffdb")]
    [InlineData(new byte[] { 0xc3 }, "\ufffd")]
    [InlineData(new byte[] { 0xed, 0xa0, 0x80 }, "\ufffd\ufffd\ufffd")]
    public void Invalid_utf8_becomes_the_replacement_character(byte[] text, string expected) =>
        Assert.Equal($"\"{expected}\"", WriteUtf8(text));

    [Fact]
    public void A_megabyte_of_characters_to_escape_survives_the_round_trip()
    {
        var text = string.Concat(Enumerable.Repeat("<é\u2028\U0001F600\"", 200_000));

        var written = WriteText(text);

        Assert.Equal(text, JsonDocument.Parse(written).RootElement.GetString());
    }

    private static string WriteText(string text) => Write(writer => writer.WriteStringValue(text));

    private static string WriteUtf8(byte[] text) => Write(writer => writer.WriteStringValue(text));

    private static string Write(Action<Utf8JsonWriter> write)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(output, WireJson.WriterOptions))
            write(writer);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
