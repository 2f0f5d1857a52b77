using System.Diagnostics;
using System.Text;
using Dex.Testing;
using Dex.Tus.Stores;

namespace Dex.Tus.Tests.Stores;

/// <summary>tus.md 7, MD1 to MD4.</summary>
public sealed class UploadMetadataTests
{
    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" , ,,")]
    [InlineData("key value with spaces")]
    [InlineData("key !!!!")]
    [InlineData("key YQ")] // no padding
    [InlineData("key YR==")] // stray low bits
    [InlineData("key YW=")]
    [InlineData("key Y\tQ==")]
    [InlineData("key =")]
    [InlineData("key YQ==YQ==")]
    [InlineData("key _-8=")] // the URL alphabet
    [InlineData("schlüssel YQ==")]
    [InlineData("a\rb YQ==")]
    [InlineData("a\0b YQ==")]
    [Rule("MD1")]
    public void What_cannot_be_read_is_left_out(string? header)
    {
        var metadata = UploadMetadata.Parse(header);

        Assert.Equal(0, metadata.Count);
        Assert.Equal("", metadata.ToHeader());
    }

    [Fact]
    [Rule("MD1")]
    public void A_bad_element_does_not_hide_the_good_ones_around_it()
    {
        var metadata = UploadMetadata.Parse("a MQ==,b %%%, c  Mg== ,d MQ== Mg==,e Mg==");

        Assert.Equal("a MQ==,e Mg==", metadata.ToHeader());
    }

    [Fact]
    [Rule("MD1")]
    public void Of_duplicate_keys_the_last_wins_in_the_place_of_the_first()
    {
        var metadata = UploadMetadata.Parse("a MQ==,b Mg==,a Mw==");

        Assert.Equal("a Mw==,b Mg==", metadata.ToHeader());
        Assert.Equal(2, metadata.Count);
    }

    [Fact]
    [Rule("MD1")]
    public void Keys_are_case_sensitive()
    {
        var metadata = UploadMetadata.Parse("key MQ==,Key Mg==");

        Assert.Equal(["Key", "key"], metadata.ToSortedText().Keys);
        Assert.True(metadata.TryGetText("Key", out var text));
        Assert.Equal("2", text);
        Assert.False(metadata.TryGetText("KEY", out _));
    }

    [Theory]
    [InlineData("empty,other MQ==")]
    [InlineData("zebra /wDD,alpha w6Q=")]
    [Rule("MD2")]
    public void Order_and_bytes_come_back_as_they_were_sent(string header) =>
        Assert.Equal(header, UploadMetadata.Parse(header).ToHeader());

    [Fact]
    public void Bytes_that_are_no_text_show_as_replacement_characters()
    {
        var metadata = UploadMetadata.Parse("a " + Convert.ToBase64String([(byte)'x', 0xFF, (byte)'y']));

        Assert.Equal("x\uFFFDy", metadata.ToSortedText()["a"]);
        Assert.Equal(3, metadata.ValueBytes);
    }

    [Fact]
    public void A_key_with_an_empty_value_and_one_without_are_the_same() =>
        Assert.Equal("", UploadMetadata.Parse("lonely").ToSortedText()["lonely"]);

    [Fact]
    [Rule("MD4")]
    public void Several_lines_are_one_list() =>
        Assert.Equal(2, UploadMetadata.Parse(string.Join(',', "a MQ==", "b Mg==")).Count);

    [Fact]
    public void Text_is_sorted_by_code_unit_as_records_have_it()
    {
        var metadata = UploadMetadata.Parse("b,a,B,_,1");

        Assert.Equal(["1", "B", "_", "a", "b"], metadata.ToSortedText().Keys);
    }

    [Fact]
    public void A_value_of_the_host_is_added_at_the_end_or_put_in_place()
    {
        var metadata = UploadMetadata.Parse("upload_id MQ==,b Mg==").With("upload_id", "ä").With("c", "3");

        Assert.Equal($"upload_id {Convert.ToBase64String(Encoding.UTF8.GetBytes("ä"))},b Mg==,c Mw==", metadata.ToHeader());
    }

    [Fact]
    [Rule("MD3", "X3")]
    public void Keys_of_a_record_that_no_header_could_carry_never_reach_one()
    {
        var metadata = UploadMetadata.From([new("a\r\nSet-Cookie: x", "1"), new("b,c", "2"), new("", "3"), new("d e", "4"), new("good", "5")]);

        Assert.Equal("good NQ==", metadata.ToHeader());
        Assert.Equal(5, metadata.ToSortedText().Count);
    }

    [Fact]
    public void A_hundred_thousand_elements_take_time_linear_to_their_number()
    {
        var header = string.Join(',', Enumerable.Range(0, 100_000).Select(number => $"k{number} MQ=="));
        var watch = Stopwatch.StartNew();

        var metadata = UploadMetadata.Parse(header);

        Assert.Equal(100_000, metadata.Count);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10));
    }
}
