using Dex.UploadServer.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Dex.UploadServer.Tests.Hosting;

public sealed class StopTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_service_that_will_not_end_does_not_hold_the_process_back()
    {
        var code = await RunAsync(new Stubborn(), output: out var printed);

        Assert.Equal(1, code);
        Assert.Contains("\"msg\":\"server did not close in time\"", printed.ToString());
    }

    [Fact]
    public async Task A_server_that_stops_by_itself_is_a_failure()
    {
        var code = await RunAsync(new Stopping(), output: out var printed);

        Assert.Equal((1, ""), (code, printed.ToString()));
    }

    private Task<int> RunAsync(Stopping service, out StringWriter output)
    {
        output = new StringWriter();
        var launcher = new Launcher(
            (args, variables) =>
            {
                var app = Program.Build(args, variables, builder => builder.Services.AddHostedService(_ => service));
                app.Lifetime.ApplicationStarted.Register(app.Lifetime.StopApplication);
                return app;
            },
            Variables.In(_folder, "SERVER_SHUTDOWN_TIMEOUT=2"), output, TextWriter.Null);
        return launcher.RunAsync([]).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    private class Stopping : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public virtual Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class Stubborn : Stopping
    {
        public override Task StopAsync(CancellationToken cancellationToken) => new TaskCompletionSource().Task;
    }
}
