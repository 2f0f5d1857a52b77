using Dex.UploadServer.Delivery.Configuration;
using Dex.UploadServer.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Dex.UploadServer.Tests.Routing;

public sealed class StartTests
{
    [Fact]
    public void A_wrong_delivery_file_ends_the_start_in_the_words_operators_match()
    {
        var services = new ServiceCollection()
            .AddSingleton<DeliveryConfiguration>(_ => new DeliveryFiles().Loader("./no/such/file.yml").LoadAtStart())
            .BuildServiceProvider();

        var failure = Assert.Throws<StartupFailureException>(() => new DeliveryConfigurationValidation(services).FindProblems());

        Assert.Equal("error starting app, error initialize dex handler", failure.Message);
        Assert.Equal("open ./no/such/file.yml: no such file or directory", failure.Error);
    }
}
