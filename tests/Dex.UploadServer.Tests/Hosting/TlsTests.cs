using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Dex.Testing;
using Dex.UploadServer.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Tests.Hosting;

public sealed class TlsTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly ServerFolder _configs = new();
    private readonly TlsOptions _options;
    private WebApplication? _app;
    private string _thumbprint = "";
    private int _port;

    public TlsTests() => _options = new TlsOptions { CertificateFile = _folder.PathOf("tls.crt"), KeyFile = _folder.PathOf("tls.key") };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.StopAsync(CancellationToken.None);
            await _app.DisposeAsync();
        }

        _folder.Dispose();
        _configs.Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task The_api_port_speaks_both_protocols_over_tls(int version)
    {
        WritePair();
        using var http = NewClient(await StartAsync(), new Version(version, version == 1 ? 1 : 0));
        using var request = new HttpRequestMessage(HttpMethod.Options, "/files") { Version = http.DefaultRequestVersion, VersionPolicy = http.DefaultVersionPolicy };

        using var answer = await http.SendAsync(request, Stop);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(version, answer.Version.Major);
        Assert.Equal("1.0.0", Assert.Single(answer.Headers.GetValues("Tus-Version")));
    }

    [Fact]
    public async Task A_client_without_tls_is_cut_off_and_disturbs_nobody()
    {
        WritePair();
        var port = await StartAsync();
        using var plain = await RawConnection.OpenAsync(port);
        await plain.SendAsync("GET /version HTTP/1.1\r\nHost: x\r\n\r\n");

        var closed = await plain.ReadAnswerAsync() is null;
        using var http = NewClient(port, HttpVersion.Version11);
        using var answer = await http.GetAsync(new Uri("/version", UriKind.Relative), Stop);

        Assert.True(closed);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task The_address_of_an_upload_is_https(int version)
    {
        WritePair();
        using var http = NewClient(await StartAsync(), new Version(version, version == 1 ? 1 : 0));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/files") { Version = http.DefaultRequestVersion, VersionPolicy = http.DefaultVersionPolicy };
        request.Headers.Add("Tus-Resumable", "1.0.0");
        request.Headers.Add("Upload-Length", "5");
        request.Headers.Add("Upload-Metadata", ServerManifest.Encode(ServerManifest.For("tls.bin")));

        using var answer = await http.SendAsync(request, Stop);

        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        Assert.StartsWith($"{http.BaseAddress}files/", answer.Headers.Location?.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Rule("BR1", "BR4")]
    public async Task BR1_every_byte_before_the_end_of_a_tls_client_is_kept_and_it_is_told_so(bool saysSo)
    {
        WritePair();
        using var connection = await RawConnection.OpenTlsAsync(await StartAsync(), _thumbprint);
        await connection.SendAsync(Create);
        var path = new Uri((await connection.ReadAnswerAsync())!.Header("Location")!).AbsolutePath;

        await connection.SendAsync(
            $"PATCH {path} HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
            + "Content-Type: application/offset+octet-stream\r\nContent-Length: 10\r\n\r\nhello");
        if (saysSo)
            await connection.EndTlsAsync();
        else
            connection.EndSending();
        var answer = await connection.ReadAnswerAsync();

        Assert.Equal((400, "ERR_UNEXPECTED_EOF: server expected to receive more bytes\n"), (answer?.Status, answer?.Body));
        using var again = await RawConnection.OpenTlsAsync(_port, _thumbprint);
        await again.SendAsync($"HEAD {path} HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\n\r\n");
        Assert.Equal("5", (await again.ReadAnswerAsync(toHead: true))?.Header("Upload-Offset"));
    }

    [Fact]
    [Rule("DR19")]
    public async Task DR19_a_draft_client_is_told_the_address_in_a_104_over_tls()
    {
        WritePair();
        using var connection = await RawConnection.OpenTlsAsync(await StartAsync(), _thumbprint);

        await connection.SendAsync(
            "POST /files HTTP/1.1\r\nHost: localhost\r\nUpload-Draft-Interop-Version: 6\r\nUpload-Complete: ?1\r\n"
            + $"Upload-Metadata: {ServerManifest.Encode(ServerManifest.For("tls.bin"))}\r\nContent-Length: 5\r\n\r\n");
        var interim = await connection.ReadAnswerAsync();
        await connection.SendAsync("hello");
        var answer = await connection.ReadFinalAnswerAsync();

        Assert.Equal((104, 201), (interim?.Status, answer?.Status));
        Assert.StartsWith("https://localhost/files/", interim?.Header("Location"), StringComparison.Ordinal);
        Assert.Equal(interim?.Header("Location"), answer?.Header("Location"));
    }

    [Fact]
    public async Task A_renewed_certificate_counts_without_a_restart()
    {
        var first = WritePair();
        var clock = new ManualClock();
        var handshakes = new TlsHandshakes(Options.Create(_options), clock, NullLogger<TlsHandshakes>.Instance);
        Assert.Equal(first, await ThumbprintOfAsync(handshakes));

        var second = WritePair(age: TimeSpan.FromHours(1));
        var before = await ThumbprintOfAsync(handshakes);
        clock.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(first, before);
        Assert.Equal(second, await ThumbprintOfAsync(handshakes));
    }

    [Fact]
    public async Task A_renewal_that_is_only_half_done_leaves_the_certificate_before_it()
    {
        var first = WritePair();
        var clock = new ManualClock();
        var handshakes = new TlsHandshakes(Options.Create(_options), clock, NullLogger<TlsHandshakes>.Instance);
        Assert.Equal(first, await ThumbprintOfAsync(handshakes));

        var key = File.ReadAllText(_options.KeyFile!);
        var second = WritePair(age: TimeSpan.FromHours(1));
        var newKey = File.ReadAllText(_options.KeyFile!);
        File.WriteAllText(_options.KeyFile!, key);
        clock.Advance(TimeSpan.FromSeconds(10));
        var between = await ThumbprintOfAsync(handshakes);
        File.WriteAllText(_options.KeyFile!, newKey);
        File.SetLastWriteTimeUtc(_options.KeyFile!, DateTime.UtcNow.AddHours(2));
        clock.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(first, between);
        Assert.Equal(second, await ThumbprintOfAsync(handshakes));
    }

    [Theory]
    [InlineData("TLS_CERTIFICATE_FILE", "missing")]
    [InlineData("TLS_KEY_FILE", "missing")]
    [InlineData("TLS_CERTIFICATE_FILE", "garbage")]
    [InlineData("TLS_KEY_FILE", "garbage")]
    [InlineData("TLS_KEY_FILE", "of another certificate")]
    [InlineData("TLS_CERTIFICATE_FILE", "unset")]
    [InlineData("TLS_KEY_FILE", "unset")]
    public void A_file_that_cannot_be_used_stops_the_start_with_its_variable_and_path(string variable, string fault)
    {
        WritePair();
        var path = variable == "TLS_KEY_FILE" ? _options.KeyFile! : _options.CertificateFile!;
        if (fault == "missing")
            File.Delete(path);
        else if (fault == "garbage")
            File.WriteAllText(path, "-----BEGIN hush-hush");
        else if (fault == "unset" && variable == "TLS_KEY_FILE")
            _options.KeyFile = null;
        else if (fault == "unset")
            _options.CertificateFile = null;
        else
            File.WriteAllText(path, RSA.Create(2048).ExportPkcs8PrivateKeyPem());

        var result = new TlsOptionsValidator().Validate(null, _options);

        var message = Assert.Single(result.Failures!);
        Assert.Contains(variable, message);
        Assert.Contains(fault == "unset" ? "set both or none" : path, message);
        Assert.DoesNotContain("hush", message);
        Assert.DoesNotContain("PRIVATE", message);
    }

    private static string Create =>
        "POST /files HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\nUpload-Length: 10\r\n"
        + $"Upload-Metadata: {ServerManifest.Encode(ServerManifest.For("tls.bin"))}\r\nContent-Length: 0\r\n\r\n";

    private async Task<int> StartAsync()
    {
        _app = Program.Build([], Variables.In(
            _folder, "UI_PORT=", $"TLS_CERTIFICATE_FILE={_options.CertificateFile}", $"TLS_KEY_FILE={_options.KeyFile}",
            $"UPLOAD_CONFIG_PATH={_configs.At("upload-configs")}", $"DEX_DELIVERY_CONFIG_FILE={_configs.At("configs", "local", "delivery.yml")}"));
        await _app.StartAsync(Stop);
        return _port = BindingAddress.Parse(_app.Urls.Single()).Port;
    }

    /// <summary>Writes a new pair, last changed so long from now.</summary>
    /// <returns>The thumbprint.</returns>
    private string WritePair(TimeSpan age = default)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(_options.CertificateFile!, certificate.ExportCertificatePem());
        File.WriteAllText(_options.KeyFile!, key.ExportPkcs8PrivateKeyPem());
        File.SetLastWriteTimeUtc(_options.CertificateFile!, DateTime.UtcNow + age);
        return _thumbprint = certificate.Thumbprint;
    }

    private static async Task<string> ThumbprintOfAsync(TlsHandshakes handshakes) =>
        (await handshakes.Describe(TimeSpan.FromSeconds(1)).OnConnection(null!)).ServerCertificateContext!.TargetCertificate.Thumbprint;

    private HttpClient NewClient(int port, Version version) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.GetCertHashString() == _thumbprint },
    })
    {
        BaseAddress = new Uri($"https://127.0.0.1:{port}"),
        DefaultRequestVersion = version,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };
}
