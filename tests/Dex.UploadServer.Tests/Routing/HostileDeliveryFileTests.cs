using Dex.UploadServer.Delivery.Configuration;

namespace Dex.UploadServer.Tests.Routing;

public sealed class HostileDeliveryFileTests
{
    private readonly DeliveryFiles _files = new();

    public static TheoryData<string, string> Malformed => new()
    {
        { "a: [", "well-formed" },
        { "a: ]", "well-formed" },
        { "a: {b: c", "well-formed" },
        { "a: b\n c: d\n", "well-formed" },
        { "a: 'open", "well-formed" },
        { "a: \"\\q\"", "well-formed" },
        { "a: @b", "well-formed" },
        { "%YAML 9\n---\na: b", "well-formed" },
        { "[1]: x", "a key that is not text" },
        { "{a: b}: x", "a key that is not text" },
        { "a: *nobody", "alias" },
        { "a: &a [*a]", "alias" },
        { "a: 1\nA: 2", "key A stands twice" },
        { "targets: {}\ntargets: {}", "key targets stands twice" },
        { "<<: text", "<< needs a map" },
        { "<<: [1]", "<< needs a map" },
        { "a: b\n---\nc: d", "a second document begins" },
        { string.Concat(Enumerable.Repeat("[", 1_000)), "more than 32 levels" },
        { string.Concat(Enumerable.Repeat("[", 200_000)), "levels" },
        { string.Concat(Enumerable.Repeat("- ", 1_000)) + "a", "more than 32 levels" },
        { string.Concat(Enumerable.Repeat("{a: ", 1_000)), "more than 32 levels" },
        { "a: [" + string.Join(',', Enumerable.Repeat("1", 200_000)) + "]", "nodes" },
        { Laughs(lists: true), "nodes" },
        { Laughs(lists: false), "nodes" },
    };

    public static TheoryData<string, string> Misshapen => new()
    {
        { "text", "line 1: the delivery file must be a map, not text" },
        { "[]", "line 1: the delivery file must be a map, not a list" },
        { "targets: []", "line 1: targets must be a map, not a list" },
        { "targets: x", "line 1: targets must be a map, not text" },
        { "targets: {a: x}", "line 1: target a must be a map, not text" },
        { "targets: {a: {type: [file]}}", "line 1: type must be text, not a list" },
        { "targets: {a: {path: x}}", "target a: type is missing" },
        { "targets: {a: {type: ftp, path: x}}", "Unknown destination type: ftp" },
        { "targets: {a: {type: File, path: x}}", "Unknown destination type: File" },
        { "targets: {a: {type: file}}", "target a: path is missing" },
        { "targets: {a: {type: file, path: }}", "target a: path is missing" },
        { "targets: {a: {type: file, path: ''}}", "target a: path is missing" },
        { "targets: {a: {type: file, path: $UNSET}}", "target a: path is missing" },
        { "targets: {a: {type: file, path: {x: y}}}", "line 1: path must be text, not a map" },
        { "targets: {a: {type: file, path: x, name: \"a\\nb\"}}", "line 1: a target needs a name without control characters" },
        { "targets: {a: {type: s3}}", "target a: bucket_name is missing" },
        { "targets: {a: {type: az-blob, endpoint: e}}", "target a: container_name is missing" },
        { "targets: {a: {type: az-blob, container_name: c}}", "target a: endpoint is missing" },
        { "targets: {a: {name: x, type: file, path: p}, b: {name: x, type: file, path: q}}", "target x is defined twice with different settings" },
        { "routing_groups: {}", "line 1: routing_groups must be a list, not a map" },
        { "programs: x", "line 1: programs must be a list, not text" },
        { "programs: [x]", "line 1: an entry of programs must be a map, not text" },
        { "programs:\n- data_stream_route: r", "line 2: a group of programs has no data_stream_id" },
        { "programs:\n- data_stream_id: s", "line 2: a group of programs has no data_stream_route" },
        { Group("x"), "line 2: delivery_targets of group s_r must be a list, not text" },
        { Group("[x]"), "line 2: an entry of delivery_targets of group s_r must be a map, not text" },
        { Group("[{path_template: x}]"), "line 2: a delivery target of group s_r has no name" },
        { Group("[{name: ''}]"), "line 2: a delivery target of group s_r has no name" },
        { Group("[{name: nobody}]"), "target nobody in group s_r is not defined" },
        { Group("[{name: a, type: carrier-pigeon}]"), "Unknown destination type: carrier-pigeon" },
        { Group("[{name: a, type: file}]"), "target a: path is missing" },
        { Group("[{name: a, type: file, path: p}, {name: a, type: file, path: q}]"), "target a stands twice in group s_r with different settings" },
        { Templated("{{.Nope}}"), "path template of target a in group s_r: {{.Nope}} is not a field of a path template" },
        { Templated("{{.Year"), "path template of target a in group s_r: unclosed action" },
        { Templated("../{{.Filename}}"), "path template of target a in group s_r: the delivered path has a dot segment" },
        { Templated("a/./{{.Filename}}"), "path template of target a in group s_r: the delivered path has a dot segment" },
        { Templated("a/{{.Prefix}}../{{.Filename}}"), "path template of target a in group s_r: the delivered path has a dot segment" },
        { Templated("/{{.Filename}}"), "path template of target a in group s_r: the delivered path is absolute" },
        { Templated("{{.Prefix}}/{{.Filename}}"), "path template of target a in group s_r: the delivered path is absolute" },
        { Templated("a//{{.Filename}}"), "path template of target a in group s_r: the delivered path has an empty segment" },
        { Templated("a/{{.Filename}}/"), "path template of target a in group s_r: the delivered path has an empty segment" },
        { Templated("a\\{{.Filename}}"), "path template of target a in group s_r: the delivered path has a backslash" },
    };

    [Theory, MemberData(nameof(Malformed))]
    public void A_malformed_file_ends_the_start_with_the_line(string yaml, string expected)
    {
        var problem = Assert.Single(_files.Problems(yaml));

        Assert.StartsWith("delivery.yml: yaml: line ", problem, StringComparison.Ordinal);
        Assert.Contains(expected, problem, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Misshapen))]
    public void A_wrong_setting_ends_the_start_with_its_name(string yaml, string expected) =>
        Assert.Contains(expected, _files.Problems(yaml));

    [Fact]
    public void All_problems_are_told_at_once()
    {
        var refusal = Assert.Throws<DeliveryConfigurationException>(() => _files.Parse(
            "targets: {a: {type: ftp}, b: {type: file}}\nrouting_groups:\n- {data_stream_id: s, data_stream_route: r, delivery_targets: [{name: c}]}"));

        Assert.Equal(["Unknown destination type: ftp", "target b: path is missing", "target c in group s_r is not defined"], refusal.Problems);
        Assert.Equal("Unknown destination type: ftp; target b: path is missing; target c in group s_r is not defined", refusal.Message);
    }

    [Fact]
    public void A_secret_is_never_shown()
    {
        const string Yaml = """
            targets:
              a: {type: s3, bucket_name: b, access_key_id: $KEY, secret_access_key: $KEY, endpoint: 'https://s3'}
              b: {type: az-blob, container_name: c, endpoint: 'https://x?sig=$KEY', storage_key: $KEY, client_secret: $KEY, sas_token: $KEY, connection_string: $KEY}
              c: {type: ftp}
            """;

        var refusal = Assert.Throws<DeliveryConfigurationException>(() => _files.Parse(Yaml, ("KEY", "hunter2")));
        var broken = Assert.Throws<DeliveryConfigurationException>(() => _files.Parse(Yaml, ("KEY", "hunter2'\"}")));

        Assert.DoesNotContain("hunter2", refusal.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", broken.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(_files.Lines, line => line.Contains("hunter2", StringComparison.Ordinal));
    }

    [Fact]
    public void A_target_with_secrets_does_not_print_them()
    {
        var target = new S3Target("a", "bucket", null, "us-east-1", new Secret("hunter2"), new Secret("hunter3"));

        Assert.DoesNotContain("hunter", target.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("hunter", $"{target.SecretAccessKey}", StringComparison.Ordinal);
    }

    private static string Group(string targets) => $"programs:\n- {{data_stream_id: s, data_stream_route: r, delivery_targets: {targets}}}";

    private static string Templated(string template) => Group("[{name: a, type: file, path: p, path_template: '" + template + "'}]");

    private static string Laughs(bool lists)
    {
        var lines = Enumerable.Range(1, 20).Select(i => lists
            ? $"a{i}: &a{i} [*a{i - 1}, *a{i - 1}, *a{i - 1}, *a{i - 1}]"
            : $"a{i}: &a{i} {{w: *a{i - 1}, x: *a{i - 1}, y: *a{i - 1}, z: *a{i - 1}}}");
        return "a0: &a0 ha\n" + string.Join('\n', lines);
    }
}
