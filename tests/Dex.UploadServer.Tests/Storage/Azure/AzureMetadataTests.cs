using System.Collections.Immutable;
using Dex.Testing;
using Dex.UploadServer.Storage.Azure;
using Dex.UploadServer.Tests.Delivery;

namespace Dex.UploadServer.Tests.Storage.Azure;

/// <summary>Manifests as metadata of blobs: whatever a sender has sent, the delivery goes through (spec: delivery.md 10.7, storage-layout.md 5, reliability.md I4).</summary>
public sealed class AzureMetadataTests(AzureService store) : IClassFixture<AzureService>
{
    private const string Renamed = "metadata renamed, because Azure takes letters, digits and underscores only";
    private const string Changed = "metadata changed, because Azure takes printable ASCII only";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string, string, string?, string?, string?> Hostile => new()
    {
        { "plain", "value", "plain", "value", null },
        { "Mixed_Case", "v", "Mixed_Case", "v", null },
        { "_", "v", "_", "v", null },
        { "empty", "", "empty", "", null },
        { "blanks", "  a  b \t\tc  ", "blanks", "a b c", Changed },
        { "brackets", "a () (b) c", "brackets", "a () (b) c", null },
        { "punctuation", "a,b;c=\"d\" <e> %20 +", "punctuation", "a,b;c=\"d\" <e> %20 +", null },
        { "unicode", "Ünïcödé 🚑", "unicode", "?n?c?d? ?", Changed },
        { "lines", "a\r\nx-ms-access-tier: Archive", "lines", "a??x-ms-access-tier: Archive", Changed },
        { "nul", "a\0b\u007f", "nul", "a?b?", Changed },
        { "with-hyphen.and dot", "v", "with_hyphen_and_dot", "v", Renamed },
        { "1st", "v", "_1st", "v", Renamed },
        { "schlüssel", "v", "schl_ssel", "v", Renamed },
        { "a\r\nb:c", "v", "a__b_c", "v", Renamed },
        { "large", new string('x', 8188), null, null, "more than 8192 bytes" },
        { "", "v", null, null, "cannot be that of a header" },
    };

    [Theory, MemberData(nameof(Hostile))]
    public async Task Metadata_arrives_as_far_as_it_can_and_the_rest_is_told(string key, string value, string? name, string? arrives, string? warning)
    {
        using var rig = new AzureTargetRig(store);
        await using var source = new TestSourceFile([1, 2, 3]) { Metadata = ImmutableSortedDictionary<string, string>.Empty.Add(key, value) };

        var delivered = await rig.Destination.DeliverAsync(source, "blob", new Progress<long>(), Stop);
        var metadata = (await rig.Blob("blob").GetPropertiesAsync(cancellationToken: Stop)).Value.Metadata;

        Assert.Equal(name is null ? [] : [(name, arrives)], metadata.Select(pair => (pair.Key, (string?)pair.Value)));
        if (warning is null)
            Assert.Empty(delivered.Warnings);
        else
            Assert.Contains(warning, Assert.Single(delivered.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Of_names_that_are_one_at_azure_the_one_that_is_it_already_stays()
    {
        var metadata = AzureMetadata.Of(Manifest(("A-B", "1"), ("A_B", "2"), ("a.b", "3"), ("a_b", "4")));

        Assert.Equal([new("a_b", "4")], metadata.Pairs);
        Assert.Equal("metadata left out, because another name is the same there: A_B, a.b, A-B", Assert.Single(metadata.Warnings));
    }

    [Fact]
    public void What_those_who_fetch_depend_on_stays_when_there_is_too_much()
    {
        var many = Enumerable.Range(0, 900).Select(number => ($"a{number:d3}", new string('x', 20)));
        var metadata = AzureMetadata.Of(Manifest([.. many, ("upload_id", "7f1d"), ("dex_ingest_datetime", "now")]));

        Assert.Contains(metadata.Pairs, pair => pair.Key == "upload_id");
        Assert.Contains(metadata.Pairs, pair => pair.Key == "dex_ingest_datetime");
        Assert.InRange(metadata.Pairs.Sum(pair => pair.Key.Length + pair.Value.Length), 8000, 8192);
    }

    private static ImmutableSortedDictionary<string, string> Manifest(params ReadOnlySpan<(string Key, string Value)> pairs)
    {
        var manifest = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in pairs)
            manifest[key] = value;
        return manifest.ToImmutable();
    }
}
