using Dex.Testing;

namespace Dex.Services.Readme;

/// <summary>The snippets of README.md that are marked <c>tour</c>.</summary>
internal static class ReadmeTour
{
    /// <summary>All snippets of a language, in the order of the page.</summary>
    public static IReadOnlyList<string> Snippets(string language)
    {
        var snippets = new List<string>();
        List<string>? lines = null;
        foreach (var line in File.ReadLines(Path.Combine(SourceTree.Root, "README.md")))
        {
            if (line == $"```{language} tour")
            {
                lines = [];
            }
            else if (line == "```" && lines is not null)
            {
                snippets.Add(string.Join('\n', lines));
                lines = null;
            }
            else
            {
                lines?.Add(line);
            }
        }

        return snippets;
    }
}
