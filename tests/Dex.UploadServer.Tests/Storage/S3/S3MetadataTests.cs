using System.Collections.Immutable;
using Dex.Testing;
using Dex.UploadServer.Storage.S3;
using Dex.UploadServer.Tests.Delivery;

namespace Dex.UploadServer.Tests.Storage.S3;

/// <summary>Manifests as metadata of objects: whatever a sender has sent, the delivery goes through (spec: delivery.md 10.7, reliability.md I4).</summary>
public sealed class S3MetadataTests(ObjectStoreService store) : IClassFixture<ObjectStoreService>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string, string, string?, string?> Hostile => new()
    {
        { "plain", "value", "value", null },
        { "Mixed-Case", "v", "v", null },
        { "empty", "", "", null },
        { "blanks", "  a  b \t\tc  ", "a b c", "changed" },
        { "punctuation", "a,b;c=\"d\" <e> %20 +", "a,b;c=\"d\" <e> %20 +", null },
        { "unicode", "Ünïcödé 🚑", "?n?c?d? ?", "changed" },
        { "lines", "a\r\nX-Amz-Acl: public-read", "a??X-Amz-Acl: public-read", "changed" },
        { "nul", "a\0b\u007f", "a?b?", "changed" },
        { "large", new string('x', 2048), null, "more than 2048 bytes" },
        { "", "v", null, "cannot be that of a header" },
        { "with blank", "v", null, "cannot be that of a header" },
        { "a:b", "v", null, "cannot be that of a header" },
        { "a\r\nb", "v", null, "cannot be that of a header" },
        { "schlüssel", "v", null, "cannot be that of a header" },
    };

    [Theory, MemberData(nameof(Hostile))]
    public async Task Metadata_arrives_as_far_as_it_can_and_the_rest_is_told(string key, string value, string? arrives, string? warning)
    {
        using var rig = new S3TargetRig(store);
        await using var source = new TestSourceFile([1, 2, 3]) { Metadata = ImmutableSortedDictionary<string, string>.Empty.Add(key, value) };

        var delivered = await rig.Destination.DeliverAsync(source, "object", new Progress<long>(), Stop);
        var head = await store.Client.GetObjectMetadataAsync(store.Bucket, "object", Stop);

        Assert.Equal(arrives, head.Metadata.Keys.Count == 0 ? null : head.Metadata[key.ToLowerInvariant()]);
        if (warning is null)
            Assert.Empty(delivered.Warnings);
        else
            Assert.Contains(warning, Assert.Single(delivered.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Of_names_that_differ_in_case_the_lower_one_stays()
    {
        var metadata = S3Metadata.Of(Manifest(("FOO", "1"), ("Foo", "2"), ("foo", "3")));

        Assert.Equal([new("foo", "3")], metadata.Pairs);
        Assert.Equal("metadata left out, because another name differs only in case: FOO, Foo", Assert.Single(metadata.Warnings));
    }

    [Fact]
    public void What_those_who_fetch_depend_on_stays_when_there_is_too_much()
    {
        var many = Enumerable.Range(0, 200).Select(number => ($"a{number:d3}", new string('x', 20)));
        var metadata = S3Metadata.Of(Manifest([.. many, ("upload_id", "7f1d"), ("dex_ingest_datetime", "now")]));

        Assert.Contains(metadata.Pairs, pair => pair.Key == "upload_id");
        Assert.Contains(metadata.Pairs, pair => pair.Key == "dex_ingest_datetime");
        Assert.InRange(metadata.Pairs.Sum(pair => 11 + pair.Key.Length + pair.Value.Length), 1900, 2048);
        Assert.EndsWith(" more", Assert.Single(metadata.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_warning_shows_names_shortened_and_without_control_characters()
    {
        var metadata = S3Metadata.Of(Manifest(("a\r\nb", "secret"), (new string('ü', 5000), "secret")));

        var warning = Assert.Single(metadata.Warnings);
        Assert.DoesNotContain("secret", warning, StringComparison.Ordinal);
        Assert.DoesNotContain(warning, char.IsControl);
        Assert.InRange(warning.Length, 1, 300);
    }

    private static ImmutableSortedDictionary<string, string> Manifest(params ReadOnlySpan<(string Key, string Value)> pairs)
    {
        var manifest = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in pairs)
            manifest[key] = value;
        return manifest.ToImmutable();
    }
}
