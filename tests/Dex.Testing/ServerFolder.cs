namespace Dex.Testing;

/// <summary>The working directory of a server under test: manifest config, delivery file, uploads, reports and targets. Outlives the processes that use it.</summary>
public sealed class ServerFolder : IDisposable
{
    /// <summary>Makes a folder whose delivery file carries every upload of the sample stream to each of the targets, all of type file.</summary>
    /// <param name="targets">Names; a target is delivered to <c>./uploads/{name}</c>.</param>
    public ServerFolder(params string[] targets)
    {
        Root = Directory.CreateTempSubdirectory("dex-server-").FullName;
        TargetNames = targets is [] ? ["edav"] : targets;
        Directory.CreateDirectory(At("configs", "local"));
        Directory.CreateDirectory(At("upload-configs"));
        File.WriteAllText(At("upload-configs", "dextesting_testevent1.json"), ManifestConfig);
        File.WriteAllText(At("configs", "local", "delivery.yml"), DeliveryFile());
    }

    public string Root { get; }

    public IReadOnlyList<string> TargetNames { get; }

    /// <summary>Where the file store keeps uploads and their records.</summary>
    public string Uploads => At("uploads", "tus-prefix");

    public string Reports => At("uploads", "reports");

    public string Events => At("uploads", "events");

    public string Target(string name) => At("uploads", name);

    /// <summary>A path below the root; a relative location of a delivery is one, too.</summary>
    public string At(params string[] parts) => Path.Combine([Root, .. parts]);

    public void Dispose()
    {
        if (Directory.Exists(Root))
            Directory.Delete(Root, recursive: true);
    }

    private string DeliveryFile() =>
        "targets:\n"
        + string.Concat(TargetNames.Select(name => $"  {name}:\n    name: {name}\n    type: file\n    path: ./uploads/{name}\n"))
        + "routing_groups:\n  - data_stream_id: dextesting\n    data_stream_route: testevent1\n    delivery_targets:\n"
        + string.Concat(TargetNames.Select(name =>
            $"      - name: {name}\n        path_template: '{{{{.Year}}}}/{{{{.Month}}}}/{{{{.Day}}}}/{{{{.Filename}}}}_{{{{.UploadId}}}}'\n"));

    /// <summary>The sample config that every suite uses (spec: manifests.md 8).</summary>
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
}
