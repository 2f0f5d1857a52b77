using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Dex.Bench.Hosts;

/// <summary>Kestrel on a free port of this machine, with nothing in front of the application.</summary>
internal static class BareKestrel
{
    /// <param name="listen">What a connection needs below HTTP.</param>
    public static WebApplicationBuilder CreateBuilder(Action<ListenOptions> listen)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddLogging();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MaxRequestBufferSize = 4 * LargeBlockPool.BlockBytes;
            kestrel.Listen(IPAddress.Loopback, 0, listen);
        });
        return builder;
    }

    /// <summary>Runs until SIGTERM, and prints the port first.</summary>
    public static void Run(WebApplication app)
    {
        app.Start();
        var address = app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();
        Console.WriteLine($"listening on port {new Uri(address).Port}");
        app.WaitForShutdown();
    }
}
