using Dex.UploadServer.Hosting;
using Dex.UploadServer.Storage.FileSystem;

namespace Dex.UploadServer.Tests.Storage;

public sealed class FileSystemOptionsTests
{
    [Theory]
    [InlineData("UPLOAD_DURABILITY", "sometimes")]
    [InlineData("TUS_UPLOAD_PREFIX", "../elsewhere")]
    [InlineData("TUS_UPLOAD_PREFIX", "/etc")]
    public void A_bad_value_is_refused_by_its_name(string name, string value)
    {
        var options = Read((name, value));

        var verdict = new FileSystemOptionsValidator().Validate(null, options);

        Assert.Contains(name, verdict.FailureMessage, StringComparison.Ordinal);
    }

    [Fact]
    public void The_right_spelling_of_the_base_folder_wins_over_the_slip()
    {
        Assert.Equal("./uploads", Read().BaseFolder);
        Assert.Equal("b", Read(("LOCAL_FOLDER_UPLOAD_TUS", "b")).BaseFolder);
        Assert.Equal("a", Read(("LOCAL_FOLDER_UPLOAD_TUS", "b"), ("LOCAL_FOLDER_UPLOADS_TUS", "a")).BaseFolder);
    }

    [Theory]
    [InlineData("none", nameof(UploadDurability.None))]
    [InlineData("final", nameof(UploadDurability.Final))]
    [InlineData("every", nameof(UploadDurability.Every))]
    [InlineData(" ", nameof(UploadDurability.Final))]
    public void Durability_is_one_of_three_words(string word, string durability) =>
        Assert.Equal(Enum.Parse<UploadDurability>(durability), Read(("UPLOAD_DURABILITY", word)).Durability);

    private static FileSystemOptions Read(params (string Name, string Value)[] variables)
    {
        var options = new FileSystemOptions();
        FileSystemOptions.Read(options, new EnvironmentReader(variables.ToDictionary(variable => variable.Name, variable => variable.Value)));
        return options;
    }
}
