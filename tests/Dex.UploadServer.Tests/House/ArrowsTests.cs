using System.Text.RegularExpressions;
using Dex.Testing;

namespace Dex.UploadServer.Tests.House;

/// <summary>Which room may use which: features never name a backend, and backends never name each other.</summary>
public sealed partial class ArrowsTests
{
    public static TheoryData<string, string[]> MayUse => new()
    {
        { "Hosting", ["Tus"] }, // its listener needs the engine's half-closed connections
        { "Telemetry", ["Hosting"] },
        { "Health", ["Hosting"] },
        { "Auth", ["Hosting"] },
        { "Aws", ["Hosting"] },
        { "Entra", ["Hosting"] },
        { "Ledger", ["Hosting"] },
        { "Messaging", ["Hosting", "Ledger", "Aws", "Entra", "Health"] },
        { "Manifests", ["Hosting"] },
        { "Reports", ["Hosting", "Ledger", "Messaging", "Manifests"] },
        { "Delivery", ["Hosting", "Ledger", "Messaging", "Reports", "Manifests", "Health", "Telemetry"] },
        { "Routing", ["Hosting", "Ledger", "Messaging", "Delivery", "Manifests"] },
        { "Uploads", ["Hosting", "Tus", "Ledger", "Messaging", "Manifests", "Reports", "Routing", "Delivery", "Telemetry"] },
        { "Info", ["Hosting", "Tus", "Ledger", "Reports", "Delivery", "Manifests"] },
        { "Retention", ["Hosting", "Tus", "Ledger", "Uploads"] },
        { "Storage", ["Hosting", "Tus", "Manifests", "Delivery", "Health", "Retention", "Aws", "Entra"] },
        { "Locking", ["Hosting", "Tus"] },
        { "Ui", ["Hosting", "Auth", "Ledger", "Manifests"] },
        { "Commands", ["Hosting", "Ledger", "Delivery", "Routing", "Reports"] },
    };

    [Theory, MemberData(nameof(MayUse))]
    public void A_room_uses_only_the_rooms_it_may(string room, string[] mayUse)
    {
        var used = RoomsUsedBy(room);

        Assert.Empty(used.Except(mayUse));
    }

    [Fact]
    public void Every_room_is_in_the_table()
    {
        var rooms = Directory.EnumerateDirectories(ServerSource).Select(Path.GetFileName).Except(["bin", "obj", "Properties", "wwwroot"]);

        Assert.Empty(rooms.Except(MayUse.Select(row => row.Data.Item1)));
    }

    [Fact]
    public void No_backend_names_another()
    {
        var storage = Path.Combine(ServerSource, "Storage");
        var backends = Directory.EnumerateDirectories(storage).Select(path => Path.GetFileName(path)).ToArray();

        foreach (var backend in backends)
        {
            var others = backends.Except([backend, SharedByObjectStores]).Select(other => $"Dex.UploadServer.Storage.{other}");
            Assert.DoesNotContain(CodeBelow(Path.Combine(storage, backend)), line => others.Any(other => line.Contains(other, StringComparison.Ordinal)));
        }
    }

    [Fact]
    public void The_engine_knows_nothing_of_the_server()
    {
        var engine = CodeBelow(Path.Combine(SourceTree.Root, "src", "Dex.Tus"));

        Assert.DoesNotContain(engine, line => line.Contains("Dex.UploadServer", StringComparison.Ordinal));
    }

    private const string SharedByObjectStores = "Objects";

    private static string ServerSource => Path.Combine(SourceTree.Root, "src", "Dex.UploadServer");

    private static SortedSet<string> RoomsUsedBy(string room)
    {
        var mentioned = CodeBelow(Path.Combine(ServerSource, room)).SelectMany(line => Mention().Matches(line));
        var rooms = mentioned.Select(mention => mention.Groups["room"].Success ? mention.Groups["room"].Value : "Tus");
        return [.. rooms.Where(used => used != room)];
    }

    /// <summary>All lines of code, without comments, of a folder; none if it is not there yet.</summary>
    private static IEnumerable<string> CodeBelow(string folder) =>
        !Directory.Exists(folder)
            ? []
            : Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
                .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
                .SelectMany(File.ReadLines)
                .Where(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal));

    [GeneratedRegex(@"\bDex\.(UploadServer\.(?<room>[A-Z]\w*)|Tus\b)")]
    private static partial Regex Mention();
}
