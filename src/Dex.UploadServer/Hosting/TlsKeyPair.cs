using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dex.UploadServer.Hosting;

/// <summary>A certificate with its key and the certificates of its issuers, as the two files had them.</summary>
internal sealed class TlsKeyPair : IDisposable
{
    private readonly X509Certificate2Collection _issuers;
    private readonly X509Certificate2 _certificate;

    private TlsKeyPair(X509Certificate2 certificate, X509Certificate2Collection issuers)
    {
        _certificate = certificate;
        _issuers = issuers;
        Context = SslStreamCertificateContext.Create(certificate, issuers, offline: true);
    }

    /// <summary>What a handshake needs, made once.</summary>
    public SslStreamCertificateContext Context { get; }

    public string Thumbprint => _certificate.Thumbprint;

    public DateTime NotAfter => _certificate.NotAfter;

    /// <exception cref="TlsKeyPairException">A file is missing, unreadable or no PEM, or the two do not belong together.</exception>
    public static TlsKeyPair Load(TlsOptions options)
    {
        var certificates = Read("TLS_CERTIFICATE_FILE", options.CertificateFile!);
        var key = Read("TLS_KEY_FILE", options.KeyFile!);
        var chain = new X509Certificate2Collection();
        try
        {
            chain.ImportFromPem(certificates);
        }
        catch (CryptographicException)
        {
            chain.Clear();
        }

        if (chain.Count == 0)
            throw new TlsKeyPairException($"TLS_CERTIFICATE_FILE is {options.CertificateFile}, which holds no readable PEM certificate.");
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(certificates, key);
            chain[0].Dispose();
            chain.RemoveAt(0);
            return new TlsKeyPair(X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null), chain);
        }
        catch (Exception problem) when (problem is CryptographicException or ArgumentException)
        {
            // Neither the text of the files nor what the library says of it: it may quote the key.
            throw new TlsKeyPairException(
                $"TLS_KEY_FILE is {options.KeyFile}, which holds no readable PEM key without a password for the certificate in {options.CertificateFile}.");
        }
    }

    public void Dispose()
    {
        _certificate.Dispose();
        foreach (var issuer in _issuers)
            issuer.Dispose();
    }

    private static string Read(string variable, string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new TlsKeyPairException($"{variable} is {path}, which cannot be read: {problem.Message}");
        }
    }
}

/// <summary>Certificate or key cannot be used; the message names variable and file and holds nothing of their content.</summary>
internal sealed class TlsKeyPairException(string message) : Exception(message);
