using Dex.UploadServer.Manifests;

namespace Dex.UploadServer.Tests.Manifests;

public sealed class ManifestConfigTests
{
    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("[]")]
    [InlineData("7")]
    [InlineData("\"text\"")]
    [InlineData("{")]
    [InlineData("{}{}")]
    [InlineData("{\"metadata_config\":[]}")]
    [InlineData("{\"metadata_config\":\"x\"}")]
    [InlineData("{\"metadata_config\":{\"fields\":{}}}")]
    [InlineData("{\"metadata_config\":{\"fields\":\"x\"}}")]
    [InlineData("{\"metadata_config\":{\"fields\":[1]}}")]
    [InlineData("{\"metadata_config\":{\"fields\":[\"sender_id\"]}}")]
    [InlineData("{\"metadata_config\":{\"fields\":[{\"field_name\":1}]}}")]
    [InlineData("{\"metadata_config\":{\"fields\":[{\"field_name\":\"a\",\"required\":\"true\"}]}}")]
    [InlineData("{\"metadata_config\":{\"fields\":[{\"field_name\":\"a\",\"required\":1}]}}")]
    [InlineData("{\"metadata_config\":{\"fields\":[{\"field_name\":\"a\",\"allowed_values\":\"x\"}]}}")]
    [InlineData("{\"metadata_config\":{\"fields\":[{\"field_name\":\"a\",\"allowed_values\":[1]}]}}")]
    [InlineData("{\"metadata_config\":{\"fields\":[{\"field_name\":\"\\ud800\"}]}}")]
    [InlineData("{\"\\ud800\":1}")]
    [InlineData("{\"metadata_config\":{\"fields\":[],}}")]
    [InlineData("// comment\n{}")]
    [InlineData("{\"a\":\"line\nbreak\"}")]
    public void A_document_of_another_shape_is_refused(string json) =>
        Assert.Throws<FormatException>(() => ManifestConfig.Parse(json));

    [Fact]
    public void A_document_that_nests_without_end_is_refused() =>
        Assert.Throws<FormatException>(() => ManifestConfig.Parse(string.Concat(Enumerable.Repeat("{\"a\":", 100_000))));

    [Fact]
    public void A_refusal_shows_nothing_of_the_document()
    {
        var refusal = Assert.Throws<FormatException>(() => ManifestConfig.Parse("{\n\"a\": hunter2 }"));

        Assert.Equal("not valid JSON at line 2", refusal.Message);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("{\"metadata_config\":null}")]
    [InlineData("{\"metadata_config\":{}}")]
    [InlineData("{\"metadata_config\":{\"fields\":null}}")]
    [InlineData("{\"copy_config\":{\"targets\":[1,{}]},\"unknown\":[[[]]]}")]
    public void A_document_without_fields_has_no_rules(string json) =>
        Assert.Empty(ManifestConfig.Parse(json).Fields);

    [Fact]
    public void Keys_match_in_any_case_and_the_last_of_equal_ones_counts()
    {
        var config = ManifestConfig.Parse(
            """{"Metadata_Config":{"FIELDS":[{"Field_Name":"first","field_name":"a","REQUIRED":true,"Allowed_Values":["x",null],"description":"why"},{"field_name":"b","required":null,"allowed_values":null}]}}""");

        Assert.Equal(["a", "b"], config.Fields.Select(field => field.Name));
        Assert.Equal([true, false], config.Fields.Select(field => field.Required));
        Assert.Equal(["x", ""], config.Fields[0].AllowedValues);
        Assert.Equal("why", config.Fields[0].Description);
        Assert.Empty(config.Fields[1].AllowedValues);
    }
}
