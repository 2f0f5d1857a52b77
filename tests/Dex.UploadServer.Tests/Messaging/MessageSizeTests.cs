using System.Text;
using System.Text.Json;
using Dex.UploadServer.Messaging;

namespace Dex.UploadServer.Tests.Messaging;

/// <summary>Messages that a broker would refuse for their size.</summary>
public sealed class MessageSizeTests
{
    private const int Limit = 2000;

    [Fact]
    public void A_message_that_fits_is_left_as_it_is()
    {
        var json = Bytes("""{"a":"<"}""");

        Assert.Equal(json, MessageSize.Fit(json, Limit)!.Value.ToArray());
    }

    [Theory]
    [InlineData("Metadata", "")]
    [InlineData("metadata", "content")]
    public void The_largest_values_of_the_manifest_are_left_out_and_all_else_is_kept_in_order(string manifest, string within)
    {
        var inner = $$"""{"upload_id":"u","{{manifest}}":{"a":"1","big":"{{new string('<', 900).Replace("<", "\\u003c", StringComparison.Ordinal)}}","z":"é"},"last":[1,null]}""";
        var json = Bytes(within.Length > 0 ? $$"""{"type":"t","{{within}}":{{inner}}}""" : inner);

        var fitting = Encoding.UTF8.GetString(MessageSize.Fit(json, Limit)!.Value.Span);

        var rest = $$$"""{"upload_id":"u","{{{manifest}}}":{"a":"1","z":"é"},"last":[1,null]}""";
        Assert.Equal(within.Length > 0 ? $$"""{"type":"t","{{within}}":{{rest}}}""" : rest, fitting);
    }

    [Fact]
    public void Of_many_values_only_as_many_are_left_out_as_must_be()
    {
        var values = string.Join(',', Enumerable.Range(0, 30).Select(i => $"\"k{i}\":\"{new string('x', 100 + i)}\""));
        var json = Bytes("{\"Metadata\":{" + values + "}}");

        var fitting = MessageSize.Fit(json, Limit)!.Value;

        Assert.InRange(fitting.Length, Limit - 250, Limit);
        using var document = JsonDocument.Parse(fitting);
        Assert.True(document.RootElement.GetProperty("Metadata").TryGetProperty("k0", out _));
        Assert.False(document.RootElement.GetProperty("Metadata").TryGetProperty("k29", out _));
    }

    [Fact]
    public void What_cannot_be_shortened_is_given_up() =>
        Assert.Null(MessageSize.Fit(Bytes("{\"Metadata\":{\"a\":\"b\"},\"path\":\"" + new string('x', Limit) + "\"}"), Limit));

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
