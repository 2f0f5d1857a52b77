using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Dex.Bench.Servers;

/// <summary>Our server, whole: manifest checks, locks, reports and the ledger are always on.</summary>
internal static class DexServer
{
    public static ServerLaunch Describe(ServerChoice choice, string folder)
    {
        var build = choice.Build is { } path ? Path.GetFullPath(path) : Path.Combine(AppContext.BaseDirectory, "dex-upload-server.dll");
        var managed = Path.GetExtension(build) == ".dll";
        string At(params string[] parts) => Path.Combine([folder, .. parts]);

        Directory.CreateDirectory(At("upload-configs"));
        File.WriteAllText(At("upload-configs", "dextesting_testevent1.json"), ManifestConfig);
        File.WriteAllText(At("delivery.yml"), choice.Delivers ? Targets + RoutingGroup : Targets + "routing_groups: []\n");
        var environment = new Dictionary<string, string>
        {
            ["SERVER_PORT"] = "0",
            ["UI_PORT"] = "",
            ["UPLOAD_DURABILITY"] = choice.Durability,
            ["UPLOAD_CONFIG_PATH"] = At("upload-configs"),
            ["DEX_DELIVERY_CONFIG_FILE"] = At("delivery.yml"),
        };
        if (choice.Tls)
        {
            (environment["TLS_CERTIFICATE_FILE"], environment["TLS_KEY_FILE"]) = (At("certificate.pem"), At("key.pem"));
            WriteKeyPair(At("certificate.pem"), At("key.pem"));
        }

        return new ServerLaunch
        {
            Program = managed ? "dotnet" : build,
            Arguments = managed ? [build] : [],
            Environment = environment,
            UploadsFolder = At("uploads", "tus-prefix"),
            DataFolders = [At("uploads", "tus-prefix"), At("uploads", "reports"), At("uploads", "events"), At("uploads", "edav")],
            DeliveredFolder = choice.Delivers ? At("uploads", "edav") : null,
        };
    }

    private static void WriteKeyPair(string certificatePath, string keyPath)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(certificatePath, certificate.ExportCertificatePem());
        File.WriteAllText(keyPath, key.ExportPkcs8PrivateKeyPem());
    }

    private const string ManifestConfig = """
        {
          "metadata_config": {
            "fields": [
              { "field_name": "sender_id", "required": true },
              { "field_name": "data_producer_id", "required": true },
              { "field_name": "jurisdiction", "required": true },
              { "field_name": "received_filename", "required": true },
              { "field_name": "data_stream_id", "required": true, "allowed_values": ["dextesting"] },
              { "field_name": "data_stream_route", "required": true, "allowed_values": ["testevent1"] }
            ]
          }
        }
        """;

    private const string Targets = """
        targets:
          edav:
            name: edav
            type: file
            path: ./uploads/edav

        """;

    private const string RoutingGroup = """
        routing_groups:
          - data_stream_id: dextesting
            data_stream_route: testevent1
            delivery_targets:
              - name: edav
                path_template: '{{.Year}}/{{.Month}}/{{.Day}}/{{.Filename}}_{{.UploadId}}'

        """;
}
