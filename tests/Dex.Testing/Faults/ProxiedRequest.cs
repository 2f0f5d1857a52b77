using System.Text.RegularExpressions;

namespace Dex.Testing;

/// <summary>A request that came by a <see cref="FaultProxy"/>.</summary>
/// <param name="Path">Still escaped, without query.</param>
/// <param name="Query">Without question mark.</param>
/// <param name="Fields">Header lines.</param>
public sealed record ProxiedRequest(string Method, string Path, string Query, IReadOnlyList<string> Fields)
{
    /// <summary>The value of a header, or null.</summary>
    public string? Field(string name) => HttpHead.FieldOf(Fields, name);

    public bool HasQueryKey(string key) =>
        Query.Split('&').Any(pair => pair.Split('=', 2)[0].Equals(key, StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether it fits everything that is not null.</summary>
    public bool Is(string? method, Regex? path, string? queryKey) =>
        (method is null || method == Method) && (path is null || path.IsMatch(Path)) && (queryKey is null || HasQueryKey(queryKey));

    internal static ProxiedRequest Of(HttpHead head)
    {
        var parts = head.FirstLine.Split(' ');
        var target = parts[1].Split('?', 2);
        return new ProxiedRequest(parts[0], target[0], target.Length == 2 ? target[1] : "", head.Fields);
    }
}
