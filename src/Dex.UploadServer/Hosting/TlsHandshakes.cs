using System.Net.Security;
using System.Security.Authentication;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Hosting;

/// <summary>Answers TLS handshakes with the certificate that the files hold now: a renewed one counts without a restart.</summary>
internal sealed partial class TlsHandshakes(IOptions<TlsOptions> options, TimeProvider clock, ILogger<TlsHandshakes> logger)
{
    // How long the files are not looked at again; a renewal leaves the old certificate valid for days.
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private SslServerAuthenticationOptions? _current;
    private string? _thumbprint;
    private (DateTime Certificate, DateTime Key) _written;
    private long _looked;

    /// <summary>For <c>UseHttps</c>: TLS 1.2 or later, HTTP/2 for those who ask for it.</summary>
    public TlsHandshakeCallbackOptions Describe(TimeSpan limit) =>
        new() { OnConnection = _ => new ValueTask<SslServerAuthenticationOptions>(Current()), HandshakeTimeout = limit };

    private SslServerAuthenticationOptions Current()
    {
        lock (_gate)
        {
            if (_current is null || clock.GetElapsedTime(_looked) >= LookEvery)
                Look();
            return _current!;
        }
    }

    private void Look()
    {
        _looked = clock.GetTimestamp();
        try
        {
            var written = (File.GetLastWriteTimeUtc(options.Value.CertificateFile!), File.GetLastWriteTimeUtc(options.Value.KeyFile!));
            if (_current is not null && written == _written)
                return;

            // The one before is left to the collector: handshakes may be using it.
            var pair = TlsKeyPair.Load(options.Value);
            _current = Describe(pair);
            _written = written;
            if (_thumbprint != pair.Thumbprint)
                LogCertificate(pair.Thumbprint, pair.NotAfter.ToUniversalTime());
            _thumbprint = pair.Thumbprint;
        }
        catch (Exception problem) when (_current is not null && problem is (TlsKeyPairException or IOException or UnauthorizedAccessException))
        {
            LogKept(problem.Message); // perhaps only one of the two files has been replaced yet
        }
    }

    private static SslServerAuthenticationOptions Describe(TlsKeyPair pair) => new()
    {
        ServerCertificateContext = pair.Context,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
    };

    [LoggerMessage(LogLevel.Information, "TLS certificate loaded {thumbprint}{notAfter}")]
    private partial void LogCertificate(string thumbprint, DateTime notAfter);

    [LoggerMessage(LogLevel.Warning, "TLS certificate not renewed, the one before is kept {problem}")]
    private partial void LogKept(string problem);
}
