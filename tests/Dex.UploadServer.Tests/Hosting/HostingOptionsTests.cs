using Dex.Testing;
using Dex.Tus;
using Dex.UploadServer.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Tests.Hosting;

public sealed class HostingOptionsTests
{
    [Fact]
    public async Task Blank_values_are_as_good_as_none()
    {
        await using var blank = Program.Build([], Variables.Of(
            "SERVER_PORT=", "TUSD_HANDLER_BASE_PATH= ", "UPLOAD_DURABILITY=", "S3_BUCKET_NAME=", "OAUTH_AUTH_ENABLED="));

        blank.Services.GetRequiredService<StartupValidations>().Check();

        Assert.Equal(8080, Get<ServerAddressOptions>(blank).Port);
        Assert.Equal("/files/", Get<RoutePathOptions>(blank).UploadsPath);
        Assert.Equal(UploadDurability.Final, Get<DurabilityOptions>(blank).Durability);
    }

    [Theory]
    [InlineData(null, 8081)]
    [InlineData("", null)]
    [InlineData("  ", null)]
    [InlineData("9000", 9000)]
    public async Task Only_a_ui_port_that_is_present_and_empty_switches_the_ui_off(string? value, int? expected)
    {
        var variables = value is null ? Variables.None : Variables.Of($"UI_PORT={value}");
        await using var app = Program.Build([], variables);

        app.Services.GetRequiredService<StartupValidations>().Check();

        Assert.Equal(expected, Get<ServerAddressOptions>(app).UiPort);
    }

    [Fact]
    public async Task The_ui_follows_the_servers_own_address()
    {
        await using var app = Program.Build([], Variables.Of(
            "SERVER_PROTOCOL=https", "SERVER_HOSTNAME=dex.example", "SERVER_PORT=8082", "UI_SERVER_INTERNAL_HOST=api:1", "UI_SERVER_INTERNAL_PROTOCOL=http"));

        var ui = Get<UiAddressOptions>(app);

        Assert.Equal(("https", "dex.example:8082"), (ui.ExternalProtocol, ui.ExternalHost));
        Assert.Equal(("http", "api:1"), (ui.InternalProtocol, ui.InternalHost));
    }

    [Theory]
    [InlineData("SERVER_PROTOCOL=http://", "http", "localhost:0")]
    [InlineData("SERVER_PROTOCOL=HTTPS", "https", "localhost:0")]
    [InlineData("SERVER_HOSTNAME=http://a:1/", "http", "localhost:0")]
    [InlineData("SERVER_HOSTNAME=a b", "http", "localhost:0")]
    [InlineData("SERVER_HOSTNAME=host:8080", "http", "localhost:0")]
    [InlineData("SERVER_HOSTNAME=::1", "http", "[::1]:0")]
    [InlineData("SERVER_HOSTNAME=[::1]", "http", "[::1]:0")]
    [InlineData("SERVER_HOSTNAME=0.0.0.0", "http", "0.0.0.0:0")]
    public async Task What_the_predecessor_never_used_stops_no_start(string assignment, string protocol, string host)
    {
        await using var app = Program.Build([], Variables.Of(assignment));

        app.Services.GetRequiredService<StartupValidations>().Check();

        var ui = Get<UiAddressOptions>(app);
        Assert.Equal((protocol, host), (ui.ExternalProtocol, ui.ExternalHost));
    }

    [Theory]
    [InlineData("files", "/files/")]
    [InlineData("/files", "/files/")]
    [InlineData("upload/v2/", "/upload/v2/")]
    public async Task Mount_paths_get_a_slash_at_both_ends(string value, string expected)
    {
        await using var app = Program.Build([], Variables.Of($"TUSD_HANDLER_BASE_PATH={value}"));

        Assert.Equal(expected, Get<RoutePathOptions>(app).UploadsPath);
    }

    [Theory]
    [InlineData("https://up.example/dex/files", "/dex/files/", "https://up.example/dex/files/")]
    [InlineData("HTTP://[::1]:8080/f/", "/f/", "HTTP://[::1]:8080/f/")]
    [InlineData("/http/files", "/http/files/", null)]
    [Rule("FW1")]
    public async Task FW1_of_an_absolute_URL_the_path_is_mounted_and_the_whole_is_told(string value, string path, string? url)
    {
        await using var app = Program.Build([], Variables.Of($"TUSD_HANDLER_BASE_PATH={value}"));

        var paths = Get<RoutePathOptions>(app);

        Assert.Equal((path, url), (paths.UploadsPath, paths.UploadsUrl));
        Assert.Equal(url ?? path, Get<TusOptions>(app).BasePath);
    }

    [Theory]
    [InlineData("./uploads")]
    [InlineData("right", "LOCAL_FOLDER_UPLOADS_TUS=right", "LOCAL_FOLDER_UPLOAD_TUS=alias")]
    [InlineData("alias", "LOCAL_FOLDER_UPLOAD_TUS=alias")]
    [InlineData("alias", "LOCAL_FOLDER_UPLOADS_TUS=", "LOCAL_FOLDER_UPLOAD_TUS=alias")]
    public async Task The_uploads_folder_has_two_spellings(string expected, params string[] assignments)
    {
        await using var app = Program.Build([], Variables.Of(assignments));

        Assert.Equal(expected, Get<UploadFolderOptions>(app).BaseFolder);
    }

    [Fact]
    public async Task A_variable_of_the_process_wins_over_the_file_even_when_empty()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(
            folder.PathOf("x.env"), "ENVIRONMENT=STG\nUI_PORT=9000\nTUS_UPLOAD_PREFIX=from-file\n", TestContext.Current.CancellationToken);
        await using var app = Program.Build(["-appconf", folder.PathOf("x.env")], Variables.Of("ENVIRONMENT=PROD", "UI_PORT="));

        Assert.Equal("PROD", Get<DeploymentOptions>(app).EnvironmentName);
        Assert.Null(Get<ServerAddressOptions>(app).UiPort);
        Assert.Equal("from-file", Get<UploadFolderOptions>(app).Prefix);
    }

    private static T Get<T>(WebApplication app) where T : class => app.Services.GetRequiredService<IOptions<T>>().Value;
}
