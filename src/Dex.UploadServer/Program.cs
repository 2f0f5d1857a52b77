using Dex.UploadServer.Hosting;

namespace Dex.UploadServer;

/// <summary>The table of contents.</summary>
internal static class Program
{
    public static Task<int> Main(string[] args) =>
        new Launcher(Build, EnvironmentVariables.OfProcess(), Console.Out, Console.Error).RunAsync(args);

    public static WebApplication Build(string[] args, IReadOnlyDictionary<string, string> environment) =>
        Build(args, environment, also: null);

    /// <summary>The whole server, not started; it knows no variables but those of <paramref name="environment"/> and the file named in <paramref name="args"/>.</summary>
    /// <param name="also">What a test adds or replaces.</param>
    public static WebApplication Build(
        string[] args, IReadOnlyDictionary<string, string> environment, Action<WebApplicationBuilder>? also)
    {
        // Empty: no appsettings.json, no ASPNETCORE_ variables, nothing that operators were not told of.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());

        builder.AddHosting(args, environment); // variables, ports, start and stop
        also?.Invoke(builder);

        var app = builder.Build();
        app.UseHosting();                      // 503 while stopping, clean paths, 404
        return app;
    }
}
