using Dex.UploadServer.Delivery.Configuration;
using Dex.UploadServer.Tests.Manifests;

namespace Dex.UploadServer.Tests.Routing;

public sealed class DeliveryConfigurationTests
{
    private readonly DeliveryFiles _files = new();

    [Fact]
    public void The_shipped_file_is_the_sample()
    {
        var configuration = _files.Loader(RepositoryFile.Find("configs/local/delivery.yml")).Load();

        Assert.Equal(new FileTarget("edav", "./uploads/edav"), Assert.Single(configuration.Targets));
        Assert.Equal("edav", Assert.Single(configuration.FindGroup("dextesting", "testevent1")!.Routes).Target.Name);
        Assert.DoesNotContain(_files.Lines, line => line.StartsWith("Warning", StringComparison.Ordinal));
    }

    [Fact]
    public void A_named_file_must_exist()
    {
        var refusal = Assert.Throws<DeliveryConfigurationException>(() => _files.Loader("./no/such/file.yml").Load());

        Assert.Equal("open ./no/such/file.yml: no such file or directory", refusal.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("# nothing\n")]
    [InlineData("version: 1.0")]
    [InlineData("targets:\nrouting_groups:\nprograms: ~")]
    [InlineData("targets: {}\nrouting_groups: []\nother: [1, {a: b}]")]
    public void A_file_may_say_nothing(string yaml) => Assert.Empty(_files.Parse(yaml).Targets);

    [Fact]
    public void Programs_define_and_assign_their_targets()
    {
        var configuration = _files.Parse("""
            PROGRAMS:
              - DATA_STREAM_ID: s
                Data_Stream_Route: r
                delivery_targets:
                  - {Name: t, TYPE: file, PATH: /my/uploads/t}
                  - {name: u, type: file, path: 7, path_template: '{{.UploadId}}'}
              - data_stream_id: empty
                data_stream_route: r
            """);

        Assert.Equal([new FileTarget("t", "/my/uploads/t"), new FileTarget("u", "7")], configuration.Targets);
        Assert.Equal(["t", "u"], configuration.FindGroup("s", "r")!.Routes.Select(route => route.Target.Key));
        Assert.Empty(configuration.FindGroup("empty", "r")!.Routes);
        Assert.Contains(_files.Lines, line => line.StartsWith("Warning", StringComparison.Ordinal) && line.Contains("no targets configured for group empty_r", StringComparison.Ordinal));
    }

    [Fact]
    public void A_target_is_called_by_its_inner_name_or_else_its_key()
    {
        var configuration = _files.Parse("targets: {a: {name: b, type: file, path: x}, c: {type: file, path: y}}");

        Assert.Equal(["b", "c"], configuration.Targets.Select(target => target.Name));
    }

    [Fact]
    public void Groups_are_found_by_both_fields_as_they_are()
    {
        var configuration = _files.Parse("""
            targets: {t: {type: file, path: x}, u: {type: file, path: y}}
            routing_groups:
              - {data_stream_id: a_b, data_stream_route: c, delivery_targets: [{name: t}]}
              - {data_stream_id: a, data_stream_route: b_c, delivery_targets: [{name: u}]}
            """);

        Assert.Equal("t", configuration.FindGroup("a_b", "c")!.Routes[0].Target.Name);
        Assert.Equal("u", configuration.FindGroup("a", "b_c")!.Routes[0].Target.Name);
        Assert.Null(configuration.FindGroup("A_b", "c"));
    }

    [Fact]
    public void The_last_of_equal_groups_counts_and_both_forms_add_up()
    {
        var configuration = _files.Parse("""
            targets: {t: {type: file, path: x}, u: {type: file, path: y}}
            routing_groups:
              - {data_stream_id: s, data_stream_route: r, delivery_targets: [{name: t}]}
              - {data_stream_id: s, data_stream_route: r, delivery_targets: [{name: u}]}
            programs:
              - {data_stream_id: s, data_stream_route: r, delivery_targets: [{name: v, type: file, path: z}]}
            """);

        Assert.Equal(["u", "v"], configuration.FindGroup("s", "r")!.Routes.Select(route => route.Target.Name));
    }

    [Fact]
    public void Equal_definitions_are_one_target()
    {
        var configuration = _files.Parse("""
            programs:
              - {data_stream_id: s, data_stream_route: r1, delivery_targets: [{name: t, type: file, path: x}]}
              - {data_stream_id: s, data_stream_route: r2, delivery_targets: [{name: t, type: file, path: x}]}
              - {data_stream_id: s, data_stream_route: r3, delivery_targets: [{name: t}]}
            """);

        Assert.Equal("t", Assert.Single(configuration.Targets).Key);
        Assert.All(configuration.Groups, group => Assert.Equal("t", group.Routes[0].Target.Key));
    }

    [Fact]
    public void Different_definitions_of_one_name_stay_apart_under_that_name()
    {
        var configuration = _files.Parse("""
            programs:
              - {data_stream_id: s, data_stream_route: r1, delivery_targets: [{name: t, type: file, path: x}]}
              - {data_stream_id: s, data_stream_route: r2, delivery_targets: [{name: t, type: file, path: y}]}
            """);

        Assert.Equal(["t", "t"], configuration.Targets.Select(target => target.Name));
        Assert.Equal(["t@s/r1", "t@s/r2"], configuration.Targets.Select(target => target.Key));
        Assert.Equal("y", ((FileTarget)configuration.FindTarget(configuration.FindGroup("s", "r2")!.Routes[0].Target.Key)!).Path);
        Assert.Contains(_files.Lines, line => line.Contains("target t has different settings", StringComparison.Ordinal));
    }

    [Fact]
    public void A_shared_target_keeps_its_name_beside_a_programs_own()
    {
        var configuration = _files.Parse("""
            targets: {t: {type: file, path: x}}
            routing_groups:
              - {data_stream_id: s, data_stream_route: r1, delivery_targets: [{name: t}]}
            programs:
              - {data_stream_id: s, data_stream_route: r2, delivery_targets: [{name: t, type: file, path: y}]}
            """);

        Assert.Equal(["t", "t@s/r2"], configuration.Targets.Select(target => target.Key));
    }

    [Fact]
    public void A_name_that_means_two_places_cannot_be_referred_to() =>
        Assert.StartsWith("target t in group s_r3 is defined differently", Assert.Single(_files.Problems("""
            programs:
              - {data_stream_id: s, data_stream_route: r1, delivery_targets: [{name: t, type: file, path: x}]}
              - {data_stream_id: s, data_stream_route: r2, delivery_targets: [{name: t, type: file, path: y}]}
              - {data_stream_id: s, data_stream_route: r3, delivery_targets: [{name: t}]}
            """)), StringComparison.Ordinal);

    [Fact]
    public void A_template_in_a_target_is_for_groups_without_one()
    {
        var configuration = _files.Parse("""
            targets: {t: {type: file, path: x, path_template: 'own/{{.UploadId}}'}}
            routing_groups:
              - {data_stream_id: s, data_stream_route: r1, delivery_targets: [{name: t}]}
              - {data_stream_id: s, data_stream_route: r2, delivery_targets: [{name: t, path_template: 'group/{{.UploadId}}'}]}
            """);

        var values = new PathValues("id", "", "s", "r", "2025-01-02T03:04:05Z");
        Assert.Equal("own/id", configuration.FindGroup("s", "r1")!.Routes[0].Template.Render(values));
        Assert.Equal("group/id", configuration.FindGroup("s", "r2")!.Routes[0].Template.Render(values));
    }

    [Fact]
    public void Every_field_of_cloud_targets_is_read()
    {
        var problems = new List<string>();
        var file = new DeliveryFileReader(problems).Read(YamlTreeReader.Read("""
            targets:
              a: {type: s3, bucket_name: b, access_key_id: k, secret_access_key: s, endpoint: e, REGION: us-east-1}
              b: {type: az-blob, container_name: c, endpoint: e, storage_account: a, storage_key: k, tenant_id: t, client_id: i, client_secret: s, sas_token: w, connection_string: x}
            """));

        Assert.Empty(problems);
        Assert.Equal(new S3Target("a", "b", "e", "us-east-1", new Secret("k"), new Secret("s")), file.Targets[0].Target);
        Assert.Equal(
            new AzureBlobTarget("b", "c", new Secret("e"), new AzureBlobCredentials("a", new Secret("k"), "t", "i", new Secret("s"), new Secret("w"), new Secret("x"))),
            file.Targets[1].Target);
    }

    [Fact]
    public void Aliases_and_merge_keys_work()
    {
        var configuration = _files.Parse("""
            common: &common {type: file, path: shared}
            targets:
              a: *common
              b: {<<: *common, path: own}
            """);

        Assert.Equal([new FileTarget("a", "shared"), new FileTarget("b", "own")], configuration.Targets);
    }

    [Fact]
    public void Variables_are_put_in_first()
    {
        var configuration = _files.Parse("targets: {a: {type: file, path: '${BASE}/edav'}}", ("BASE", "/data"));

        Assert.Equal(new FileTarget("a", "/data/edav"), configuration.Targets[0]);
    }

    [Theory]
    [InlineData("{{.Filename}}", true)]
    [InlineData("{{.Filename}}_{{.UploadId}}", false)]
    public void A_template_without_id_is_warned_of(string template, bool warned)
    {
        _files.Parse("programs: [{data_stream_id: s, data_stream_route: r, delivery_targets: [{name: t, type: file, path: x, path_template: '" + template + "'}]}]");

        Assert.Equal(warned, _files.Lines.Any(line => line.Contains("has no UploadId", StringComparison.Ordinal)));
    }
}
