using Dex.UploadServer.Delivery.Configuration;
using Dex.UploadServer.Hosting;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Tests.Routing;

public sealed class DeliveryFileChoiceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dex-delivery-").FullName;
    private readonly DeliveryFiles _files = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("delivery.yml deliver.yml", "delivery.yml")]
    [InlineData("deliver.yml", "deliver.yml")]
    public void The_first_usual_file_there_is_counts(string present, string chosen)
    {
        foreach (var name in present.Split(' '))
            File.WriteAllText(Path.Combine(_folder, name), $"targets: {{{name}: {{type: file, path: x}}}}");

        Assert.Equal(chosen, Assert.Single(Load(null).Targets).Name);
    }

    [Fact]
    public void Without_any_file_nothing_is_delivered_and_that_is_said()
    {
        Assert.Empty(Load(null).Groups);
        Assert.StartsWith("Warning no delivery configuration found, nothing will be delivered", Assert.Single(_files.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_in_place_of_the_file_cannot_be_read() =>
        Assert.Equal($"open {_folder}: it cannot be read", Assert.Throws<DeliveryConfigurationException>(() => Load(_folder)).Message);

    [Fact]
    public void A_huge_file_is_refused_before_it_is_read()
    {
        var path = Path.Combine(_folder, "huge.yml");
        using (var huge = File.Create(path))
            huge.SetLength(1L << 40);

        Assert.EndsWith("larger than 1048576 bytes", Assert.Throws<DeliveryConfigurationException>(() => Load(path)).Message, StringComparison.Ordinal);
    }

    private DeliveryConfiguration Load(string? file)
    {
        var options = new DeliveryConfigurationOptions
        {
            File = file,
            UsualFiles = [Path.Combine(_folder, "delivery.yml"), Path.Combine(_folder, "deliver.yml")],
        };
        return new DeliveryConfigurationLoader(Options.Create(options), new EnvironmentReader(new Dictionary<string, string>()), _files).Load();
    }
}
