using System.Collections.Immutable;
using System.Text;
using Dex.UploadServer.Delivery;

namespace Dex.UploadServer.Tests.Delivery;

/// <summary>Events from a queue: this server's, the predecessor's, and anybody's (spec: reports-and-events.md 5).</summary>
public sealed class FileReadyReaderTests
{
    private const string Id = "7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11";

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("not json")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("{}")]
    [InlineData("{\"type\":\"FileReady\"")]
    [InlineData("""{"type":7,"upload_id":"7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11","path":"p","deliver_target":"t"}""")]
    [InlineData("""{"upload_id":"7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11","path":"p","deliver_target":"t"}""")]
    [InlineData("""{"type":"fileready","upload_id":"7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11","path":"p","deliver_target":"t"}""")]
    [InlineData("""{"type":"FileReady","path":"p","deliver_target":"t"}""")]
    [InlineData("""{"type":"FileReady","upload_id":"../x","path":"p","deliver_target":"t"}""")]
    [InlineData("""{"type":"FileReady","upload_id":{"a":1},"path":"p","deliver_target":"t"}""")]
    [InlineData("""{"type":"FileReady","upload_id":"7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11","path":"p"}""")]
    [InlineData("""{"type":"FileReady","upload_id":"7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11","deliver_target":"t"}""")]
    [InlineData("""{"type":"FileReady","upload_id":"7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11","path":["p"],"deliver_target":"t"}""")]
    [InlineData("""{"type":"FileReady","upload_id":"7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11","path":"\ud800","deliver_target":"t"}""")]
    public void What_orders_nothing_is_told_apart_without_repeating_it(string text)
    {
        var (found, problem) = FileReadyReader.Read(text);

        Assert.Null(found);
        Assert.StartsWith("it", problem);
        Assert.DoesNotContain("..", problem);
    }

    [Fact]
    public void Nesting_without_end_is_refused() =>
        Assert.Null(FileReadyReader.Read(new string('[', 100_000)).Event);

    [Fact]
    public void What_this_server_writes_is_read_back()
    {
        var written = new FileReady(Id, Id, "a/é<b>.txt", "edav", ImmutableSortedDictionary<string, string>.Empty.Add("k", "\u0001\"ü"));

        var (read, _) = FileReadyReader.Read(Encoding.UTF8.GetString(written.ToMessage().Json.Span) + "\n");

        Assert.Equal(written with { Metadata = read!.Metadata }, read);
        Assert.Equal(written.Metadata, read.Metadata);
    }

    [Fact]
    public void Keys_in_any_case_long_ids_and_odd_manifests_are_taken()
    {
        var (read, _) = FileReadyReader.Read(
            $$"""{"Type":"FileReady","Upload_ID":"{{Id}}+2~abc","PATH":"p","Deliver_Target":"t","SRC_URL":null,"metadata":{"a":"1","n":2,"o":[]},"x":[[]]}""");

        Assert.Equal((Id, "p", "t", ""), (read!.UploadId, read.Path, read.Target, read.SourceUrl));
        Assert.Equal("1", Assert.Single(read.Metadata).Value);
    }

    [Fact]
    public void An_event_without_manifest_is_an_event() =>
        Assert.Empty(FileReadyReader.Read($$"""{"type":"FileReady","upload_id":"{{Id}}","path":"p","deliver_target":"t","Metadata":null}""").Event!.Metadata);
}
