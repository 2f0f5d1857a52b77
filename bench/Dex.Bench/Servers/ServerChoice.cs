using System.Globalization;

namespace Dex.Bench.Servers;

/// <summary>A server as it is named on the command line: <c>name[@path][+modifier]…</c></summary>
/// <param name="Kind"><c>dex</c>, <c>engine</c>, <c>sink</c>, <c>sink-discard</c> or <c>tus-node</c>.</param>
/// <param name="Build">Another build of ours than the one beside the bench: its <c>dex-upload-server.dll</c> or executable.</param>
/// <param name="Durability">Of ours: <c>none</c>, <c>final</c> or <c>every</c>.</param>
/// <param name="Delivers">Whether ours delivers every upload to a folder.</param>
/// <param name="Tls">Whether ours is reached by TLS only.</param>
/// <param name="Stored">Uploads that it holds before anything is measured.</param>
internal sealed record ServerChoice(string Text, string Kind, string? Build, string Durability, bool Delivers, bool Tls, int Stored)
{
    private static readonly string[] Kinds = ["dex", "engine", "sink", "sink-discard", "tus-node"];

    public static IEnumerable<(string Name, string Description)> Known { get; } =
    [
        ("dex", "ours, whole, at durability none, without a delivery target"),
        ("dex+final, dex+every", "at that durability"),
        ("dex+delivery", "every upload is delivered to a folder; also dex+final+delivery"),
        ("dex+tls", "reached by TLS; for protocols only"),
        ("dex@PATH", "another build: its dex-upload-server.dll or executable"),
        ("engine", "our engine and file store at durability none, without the rest of the server"),
        ("sink", "bare Kestrel that writes what it receives: the ceiling"),
        ("sink-discard", "bare Kestrel that drops what it receives"),
        ("tus-node", "@tus/server from npm"),
        ("NAME+stored=N", "any of them, holding N uploads from the start"),
    ];

    /// <exception cref="ArgumentException">There is no such server, or it cannot be so.</exception>
    public static ServerChoice Parse(string text)
    {
        var parts = text.Split('+');
        var (kind, build) = parts[0].Split('@', 2) is [var name, var path] ? (name, path) : (parts[0], null);
        if (!Kinds.Contains(kind) || (build is not null && kind != "dex"))
            throw new ArgumentException($"There is no server {parts[0]}. There are: {string.Join(", ", Kinds)}, and dex@PATH for another build.");

        var choice = new ServerChoice(text, kind, build, "none", Delivers: false, Tls: false, Stored: 0);
        foreach (var modifier in parts[1..])
        {
            choice = modifier.Split('=') switch
            {
                ["final" or "every"] when kind == "dex" => choice with { Durability = modifier },
                ["delivery"] when kind == "dex" => choice with { Delivers = true },
                ["tls"] when kind == "dex" => choice with { Tls = true },
                ["stored", var count] => choice with { Stored = int.Parse(count, NumberStyles.None, CultureInfo.InvariantCulture) },
                _ => throw new ArgumentException($"{kind} has no modifier +{modifier}. There are, of dex: +final, +every, +delivery, +tls; of all: +stored=N."),
            };
        }

        return choice;
    }

    /// <param name="folder">Its own, and empty.</param>
    public ServerLaunch Describe(string folder) => Kind switch
    {
        "dex" => DexServer.Describe(this, folder),
        "tus-node" => NodeServer.Describe(folder),
        _ => OwnServer.Describe(Kind, folder),
    };
}
