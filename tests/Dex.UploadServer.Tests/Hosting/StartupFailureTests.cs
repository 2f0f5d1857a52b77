using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Dex.UploadServer.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Dex.UploadServer.Tests.Hosting;

public sealed class StartupFailureTests
{
    private const string BadConfiguration = "error starting app, error parsing app config";

    [Fact]
    public async Task All_complaints_are_shown_at_once_by_variable_name()
    {
        var failure = await FailAsync(
            "SERVER_PORT=:8080", "UI_PORT=x", "UPLOAD_DURABILITY=some", "UPLOAD_FREE_SPACE_RESERVE=-1", "TUS_UPLOAD_PREFIX=../x", "TUSD_HANDLER_BASE_PATH=/health",
            "SERVER_HEADERS_TIMEOUT=31", "SERVER_SHUTDOWN_TIMEOUT=0", "SERVER_MAX_CONNECTIONS=0", "UI_SERVER_EXTERNAL_HOST=a/b", "AZURE_ENDPOINT=az", "TUS_AZURE_CONTAINER_NAME=uploads");

        Assert.Equal(BadConfiguration, failure.Message);
        Assert.All(
            ["SERVER_PORT", "UI_PORT", "UPLOAD_DURABILITY", "UPLOAD_FREE_SPACE_RESERVE", "TUS_UPLOAD_PREFIX", "TUSD_HANDLER_BASE_PATH", "SERVER_HEADERS_TIMEOUT",
                "SERVER_SHUTDOWN_TIMEOUT", "SERVER_MAX_CONNECTIONS", "UI_SERVER_EXTERNAL_HOST", "AZURE_ENDPOINT"],
            name => Assert.Single(failure.Error.Split(". "), complaint => complaint.StartsWith(name + " ", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("REDIS_CONNECTION_STRING")]
    [InlineData("OIDC_PROVIDERS")]
    public async Task A_feature_of_later_versions_is_refused_without_showing_its_value(string variable)
    {
        var failure = await FailAsync($"{variable}=hush-hush");

        Assert.Equal(BadConfiguration, failure.Message);
        Assert.StartsWith($"{variable} is set", failure.Error);
        Assert.DoesNotContain("hush", failure.Line);
    }

    [Fact]
    public async Task Sign_in_is_refused_only_when_it_is_wanted()
    {
        var failure = await FailAsync("OAUTH_AUTH_ENABLED=TRUE");
        await using var app = Program.Build([], Variables.Of("OAUTH_AUTH_ENABLED=false", "AZURE_TENANT_ID=t", "AZURE_CLIENT_SECRET=s", "REPORTER_TOPIC=r"));

        Assert.StartsWith("OAUTH_AUTH_ENABLED is true", failure.Error);
        app.Services.GetRequiredService<StartupValidations>().Check();
    }

    [Theory]
    [InlineData("TUSD_HANDLER_BASE_PATH", "/")]
    [InlineData("TUSD_HANDLER_BASE_PATH", "info")]
    [InlineData("TUSD_HANDLER_BASE_PATH", "/INFO/files")]
    [InlineData("TUSD_HANDLER_BASE_PATH", "/route/")]
    [InlineData("TUSD_HANDLER_BASE_PATH", "/a//b")]
    [InlineData("TUSD_HANDLER_BASE_PATH", "/../files")]
    [InlineData("TUSD_HANDLER_BASE_PATH", "/{id}/")]
    [InlineData("TUSD_HANDLER_BASE_PATH", "/a b/")]
    [InlineData("TUSD_HANDLER_BASE_PATH", "/a?b")]
    [InlineData("TUSD_HANDLER_BASE_PATH", "/%2e%2e/")]
    [InlineData("TUSD_HANDLER_BASE_PATH", "https://host")]
    [InlineData("TUSD_HANDLER_BASE_PATH", "https:///files/")]
    [InlineData("TUSD_HANDLER_BASE_PATH", "https://user:word@host/files/")]
    [InlineData("TUSD_HANDLER_BASE_PATH", "https://host/files?x")]
    [InlineData("TUSD_HANDLER_BASE_PATH", "https://h\u00f6st/files/")]
    [InlineData("TUSD_HANDLER_BASE_PATH", "https://host:99999/files/")]
    [InlineData("TUSD_HANDLER_BASE_PATH", "https://host/health/x")]
    [InlineData("TUSD_HANDLER_BASE_PATH", "ftp://host/files/")]
    [InlineData("TUSD_HANDLER_INFO_PATH", "/files/info")]
    [InlineData("TUSD_HANDLER_INFO_PATH", "/metrics")]
    [InlineData("TUS_UPLOAD_PREFIX", "a/../b")]
    [InlineData("TUS_UPLOAD_PREFIX", "a//b")]
    [InlineData("TUS_UPLOAD_PREFIX", ".")]
    [InlineData("TUS_UPLOAD_PREFIX", "/")]
    [InlineData("TUS_UPLOAD_PREFIX", "a\\..\\b")]
    [InlineData("TUS_UPLOAD_PREFIX", "a\nb")]
    [InlineData("UI_SERVER_INTERNAL_HOST", "user@host")]
    [InlineData("UI_SERVER_INTERNAL_HOST", "host?x")]
    [InlineData("UI_SERVER_EXTERNAL_PROTOCOL", "javascript")]
    [InlineData("SERVER_HEADERS_MAX_BYTES", "1024")]
    [InlineData("SERVER_KEEP_ALIVE_TIMEOUT", "-1")]
    [InlineData("SERVER_REQUEST_LINE_MAX_BYTES", "99999999999")]
    [InlineData("SERVER_SHUTDOWN_TIMEOUT", "abc")]
    [InlineData("ADOPTION_MAX_AGE_DAYS", "2147483647")]
    public async Task A_bad_value_stops_the_start_with_its_name(string variable, string value)
    {
        var failure = await FailAsync($"{variable}={value}");

        Assert.Equal(BadConfiguration, failure.Message);
        Assert.Contains(variable, failure.Error);
    }

    [Fact]
    public async Task A_folder_that_cannot_be_made_stops_the_start_without_a_stack_of_calls()
    {
        var failure = await FailAsync("LOCAL_FOLDER_UPLOADS_TUS=/proc/none");

        Assert.Equal("error starting app, error initialize dex handler", failure.Message);
        Assert.Contains("LOCAL_FOLDER_UPLOADS_TUS", failure.Error);
        Assert.DoesNotContain(" at ", failure.Error);
    }

    [Fact]
    public async Task A_missing_file_of_variables_stops_the_start()
    {
        var failure = await FailAsync(["-appconf", "no/such.env"], Variables.Of(), thrown: null);

        Assert.Equal(("error loading local configuration", "open no/such.env: no such file or directory"), (failure.Message, failure.Error));
    }

    [Theory]
    [InlineData("A-B=1")]
    [InlineData("A=\"1")]
    public async Task A_malformed_file_of_variables_stops_the_start(string text)
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.PathOf("x.env"), text, TestContext.Current.CancellationToken);

        var failure = await FailAsync([$"-appconf={folder.PathOf("x.env")}"], Variables.Of(), thrown: null);

        Assert.Equal("error loading local configuration", failure.Message);
    }

    [Theory]
    [InlineData("/dev/zero")]
    [InlineData("/dev")]
    public async Task Something_that_is_no_file_of_variables_stops_the_start(string path)
    {
        var failure = await FailAsync(["-appconf", path], Variables.Of(), thrown: null);

        Assert.Equal("error loading local configuration", failure.Message);
    }

    [Fact]
    public async Task A_taken_port_stops_the_start_with_its_number()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;

        var failure = await FailAsync($"SERVER_PORT={port}");

        Assert.Equal(("error starting app, error starting http server", $"{port}"), (failure.Message, failure.Port));
    }

    [Fact]
    public async Task A_room_stops_the_start_with_its_own_message()
    {
        var failure = await FailAsync([], Variables.Of("ENVIRONMENT=TST"), new StartupFailureException("error starting app, error initialize dex handler", "why"));

        Assert.Equal(("error starting app, error initialize dex handler", "why", "TST"), (failure.Message, failure.Error, failure.Environment));
    }

    [Fact]
    public async Task A_rooms_own_failure_is_shown_among_other_complaints()
    {
        var failure = await FailAsync([], Variables.Of("UPLOAD_DURABILITY=x"), new StartupFailureException("own", "why"));

        Assert.Equal(BadConfiguration, failure.Message);
        Assert.Contains("UPLOAD_DURABILITY", failure.Error);
        Assert.EndsWith(" why", failure.Error);
    }

    private static Task<Failure> FailAsync(params string[] assignments) => FailAsync([], Variables.Of(assignments), thrown: null);

    private static async Task<Failure> FailAsync(string[] args, IReadOnlyDictionary<string, string> environment, StartupFailureException? thrown)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var launcher = new Launcher(
            (words, variables) => Program.Build(words, variables, builder =>
            {
                if (thrown is not null)
                    builder.Services.AddSingleton<IStartupValidation>(new Failing(thrown));
            }),
            environment, output, error);

        var code = await launcher.RunAsync(args).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        Assert.Equal((1, ""), (code, error.ToString()));
        var line = Assert.Single(output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
        var json = JsonDocument.Parse(line).RootElement;
        Assert.Equal("ERROR", json.GetProperty("level").GetString());
        return new Failure(
            json.GetProperty("msg").GetString()!, json.GetProperty("error").GetString()!,
            json.TryGetProperty("port", out var port) ? port.GetString() : null,
            json.GetProperty("app_info").GetProperty("Env").GetString()!, line);
    }

    private sealed record Failure(string Message, string Error, string? Port, string Environment, string Line);

    private sealed class Failing(StartupFailureException failure) : IStartupValidation
    {
        public IEnumerable<string> FindProblems() => throw failure;
    }
}
