using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Hosting;

/// <summary>Whether the API port speaks TLS.</summary>
internal sealed class TlsOptions
{
    /// <summary>File with the certificate and, behind it, those of its issuers, PEM. Not set: no TLS. <c>TLS_CERTIFICATE_FILE</c></summary>
    public string? CertificateFile { get; set; }

    /// <summary>File with the certificate's private key, PEM, without a password. <c>TLS_KEY_FILE</c></summary>
    public string? KeyFile { get; set; }

    public bool IsOn => CertificateFile is not null && KeyFile is not null;

    public static void Read(TlsOptions options, EnvironmentReader env)
    {
        options.CertificateFile = env.OptionalText("TLS_CERTIFICATE_FILE");
        options.KeyFile = env.OptionalText("TLS_KEY_FILE");
    }
}

internal sealed class TlsOptionsValidator : IValidateOptions<TlsOptions>
{
    public ValidateOptionsResult Validate(string? name, TlsOptions options)
    {
        if (options.CertificateFile is not null && options.KeyFile is null)
            return ValidateOptionsResult.Fail("TLS_CERTIFICATE_FILE is set but TLS_KEY_FILE is not; set both or none.");
        if (options.KeyFile is not null && options.CertificateFile is null)
            return ValidateOptionsResult.Fail("TLS_KEY_FILE is set but TLS_CERTIFICATE_FILE is not; set both or none.");
        if (!options.IsOn)
            return ValidateOptionsResult.Success;
        try
        {
            TlsKeyPair.Load(options).Dispose();
            return ValidateOptionsResult.Success;
        }
        catch (TlsKeyPairException problem)
        {
            return ValidateOptionsResult.Fail(problem.Message);
        }
    }
}
