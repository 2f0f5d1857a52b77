using System.Collections.Immutable;
using Dex.UploadServer.Manifests;

namespace Dex.UploadServer.Tests.Manifests;

public sealed class ManifestVerifierTests
{
    private const string Sample = "dextesting_testevent1.json";
    private readonly Configs _configs = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ManifestVerifierTests()
    {
        _configs.Source[Sample] = File.ReadAllText(RepositoryFile.Find("upload-configs/" + Sample));
        _configs.Source["a_b.json"] = """
            {"metadata_config":{"fields":[
              {"field_name":"need","required":true},
              {"field_name":"colour","allowed_values":["red","blue"]},
              {"field_name":"shade","required":true,"allowed_values":["", "dark"]},
              {"field_name":"filename","allowed_values":["in/ok","plain"]},
              {"field_name":"note"}]}}
            """;
    }

    [Fact]
    public async Task The_sample_manifest_is_accepted()
    {
        var verdict = await VerifyAsync(SampleManifest());

        Assert.Empty(verdict.Problems);
        Assert.True(verdict.Accepted);
    }

    [Fact]
    public async Task An_empty_manifest_lacks_the_data_stream() =>
        Assert.Equal(["validation failure", "field data_stream_id was missing"], (await VerifyAsync([])).Problems);

    [Fact]
    public async Task A_manifest_without_route_is_told_so_and_no_more() =>
        Assert.Equal(
            ["validation failure", "field data_stream_route was missing"],
            (await VerifyAsync(new() { ["data_stream_id"] = "dextesting" })).Problems);

    [Fact]
    public async Task Missing_fields_are_told_in_the_order_of_the_config()
    {
        var manifest = SampleManifest();
        manifest.Remove("jurisdiction");
        manifest.Remove("sender_id");

        var verdict = await VerifyAsync(manifest);

        Assert.Equal(["validation failure", "field sender_id was missing", "validation failure", "field jurisdiction was missing"], verdict.Problems);
    }

    [Fact]
    public async Task The_config_is_found_in_any_case_but_values_are_not()
    {
        var manifest = SampleManifest();
        manifest["data_stream_id"] = "DexTesting";

        var verdict = await VerifyAsync(manifest);

        Assert.Equal(["validation failure", "data_stream_id had disallowed value DexTesting"], verdict.Problems);
    }

    [Theory]
    [InlineData("dextesting", "testevent100", "dextesting_testevent100.json")]
    [InlineData("DexTesting", "Other", "dextesting_other.json")]
    [InlineData("", "", "_.json")]
    [InlineData("..", "x", ".._x.json")]
    [InlineData("../upload-configs/dextesting", "testevent1", "../upload-configs/dextesting_testevent1.json")]
    [InlineData("/etc/passwd", "x", "/etc/passwd_x.json")]
    [InlineData("dextesting", "testevent1.json\0", "dextesting_testevent1.json\0.json")]
    [InlineData("dex\r\ntesting", "test\nevent1", "dex testing_test event1.json")]
    [InlineData("a\\b", "c", "a\\b_c.json")]
    [InlineData("dextesting%2F", "x", "dextesting%2f_x.json")]
    [InlineData("dex testing", "testevent1", "dex testing_testevent1.json")]
    [InlineData("données", "x", "données_x.json")]
    [InlineData("$HOME", "x", "$home_x.json")]
    public async Task An_unknown_or_hostile_stream_is_a_config_not_found(string stream, string route, string name)
    {
        var verdict = await VerifyAsync(new() { ["data_stream_id"] = stream, ["data_stream_route"] = route });

        Assert.Equal([$"open {name}: no such file or directory", "validation failure", "manifest validation config file not found"], verdict.Problems);
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("a b")]
    [InlineData("dextesting/testevent1")]
    public async Task A_hostile_stream_never_reaches_the_source(string stream)
    {
        await VerifyAsync(new() { ["data_stream_id"] = stream, ["data_stream_route"] = "x" });

        Assert.Equal(0, _configs.Source.Loads);
    }

    [Fact]
    public async Task A_stream_name_of_64_KiB_is_a_config_not_found()
    {
        var verdict = await VerifyAsync(new() { ["data_stream_id"] = new string('a', 65_536), ["data_stream_route"] = "x" });

        Assert.Equal("manifest validation config file not found", verdict.Problems[2]);
        Assert.Equal(0, _configs.Source.Loads);
    }

    [Theory]
    [InlineData("filename")]
    [InlineData("original_filename")]
    [InlineData("meta_ext_filename")]
    [InlineData("received_filename")]
    public async Task Every_key_that_may_name_the_file_is_checked_listed_or_not(string key)
    {
        var manifest = SampleManifest();
        manifest[key] = "../../x";

        var verdict = await VerifyAsync(manifest);

        Assert.Equal(["invalid character found in ../../x validation failure"], verdict.Problems);
    }

    [Theory]
    [InlineData("test/-file", "test/-file")]
    [InlineData("/", "/")]
    [InlineData("a\\b", "a\\b")]
    [InlineData(".", ".")]
    [InlineData("..", "..")]
    [InlineData("a\0b", "a\0b")]
    [InlineData("a\tb", "a\tb")]
    [InlineData("a\u007fb", "a\u007fb")]
    [InlineData("a\u0085b", "a\u0085b")]
    [InlineData("a\r\nb", "a b")]
    [InlineData("a\nb\rc", "a b c")]
    public async Task A_hostile_file_name_is_one_line(string name, string shown)
    {
        var manifest = SampleManifest();
        manifest["received_filename"] = name;

        var verdict = await VerifyAsync(manifest);

        Assert.Equal([$"invalid character found in {shown} validation failure"], verdict.Problems);
    }

    [Theory]
    [InlineData("")]
    [InlineData("...")]
    [InlineData("a..b")]
    [InlineData(".hidden")]
    [InlineData("naïve name (1).tar.gz")]
    [InlineData("日本語.csv")]
    [InlineData("<script>&'\".txt")]
    public async Task A_plain_file_name_is_accepted(string name)
    {
        var manifest = SampleManifest();
        manifest["received_filename"] = name;

        Assert.Empty((await VerifyAsync(manifest)).Problems);
    }

    [Theory]
    [InlineData("a", 255, true)]
    [InlineData("a", 256, false)]
    [InlineData("é", 127, true)]
    [InlineData("é", 128, false)]
    public async Task A_file_name_has_255_bytes_at_most(string letter, int count, bool accepted)
    {
        var manifest = SampleManifest();
        manifest["original_filename"] = string.Concat(Enumerable.Repeat(letter, count));

        Assert.Equal(accepted, (await VerifyAsync(manifest)).Accepted);
    }

    [Fact]
    public async Task Every_rule_speaks_in_its_own_words()
    {
        var verdict = await VerifyAsync(new()
        {
            ["data_stream_id"] = "a",
            ["data_stream_route"] = "b",
            ["colour"] = "Red",
            ["filename"] = "in/other",
            ["original_filename"] = "x/y",
            ["extra"] = "/",
        });

        Assert.Equal(
            [
                "validation failure", "field need was missing",
                "validation failure", "colour had disallowed value Red",
                "validation failure", "field shade was missing",
                "validation failure", "filename had disallowed value in/other",
                "invalid character found in x/y validation failure",
            ],
            verdict.Problems);
    }

    [Theory]
    [InlineData(null, "", "plain", true)]
    [InlineData("blue", "dark", "in/ok", true)]
    [InlineData("", "dark", "plain", false)]
    public async Task Allowed_values_hold_for_what_is_there(string? colour, string shade, string name, bool accepted)
    {
        var manifest = new Dictionary<string, string> { ["data_stream_id"] = "a", ["data_stream_route"] = "b", ["need"] = "", ["shade"] = shade, ["filename"] = name };
        if (colour is not null)
            manifest["colour"] = colour;

        Assert.Equal(accepted, (await VerifyAsync(manifest)).Accepted);
    }

    [Fact]
    public async Task A_disallowed_empty_value_keeps_the_trailing_space()
    {
        var verdict = await VerifyAsync(new() { ["data_stream_id"] = "a", ["data_stream_route"] = "b", ["need"] = "x", ["shade"] = "", ["colour"] = "" });

        Assert.Equal(["validation failure", "colour had disallowed value "], verdict.Problems);
    }

    [Fact]
    public async Task A_line_break_in_a_value_does_not_make_a_second_line()
    {
        var verdict = await VerifyAsync(new() { ["data_stream_id"] = "a", ["data_stream_route"] = "b", ["need"] = "x", ["shade"] = "", ["colour"] = "one\r\ntwo\nthree" });

        Assert.Equal(["validation failure", "colour had disallowed value one two three"], verdict.Problems);
    }

    [Fact]
    public async Task Keys_are_compared_as_they_are()
    {
        var verdict = await VerifyAsync(new() { ["Data_Stream_Id"] = "a", ["data_stream_route"] = "b" });

        Assert.Equal(["validation failure", "field data_stream_id was missing"], verdict.Problems);
    }

    private async Task<ManifestVerdict> VerifyAsync(Dictionary<string, string> manifest) =>
        await _configs.Verifier.VerifyAsync(manifest.ToImmutableSortedDictionary(StringComparer.Ordinal), Stop);

    private static Dictionary<string, string> SampleManifest() => new()
    {
        ["data_stream_id"] = "dextesting",
        ["data_stream_route"] = "testevent1",
        ["sender_id"] = "test sender",
        ["data_producer_id"] = "test-producer-id",
        ["jurisdiction"] = "test-jurisdiction",
        ["received_filename"] = "dex-smoke-test",
    };
}
