using Dex.Bench.Scenarios;
using Dex.Bench.Servers;

namespace Dex.Bench.Commands;

/// <summary><c>list</c>: what the other commands know.</summary>
internal static class ListCommand
{
    public static int Run()
    {
        Console.WriteLine("Scenarios");
        foreach (var scenario in ScenarioCatalogue.All)
            Console.WriteLine($"  {scenario.Name,-28}{scenario.Description}");
        Console.WriteLine("Servers");
        foreach (var (name, description) in ServerChoice.Known)
            Console.WriteLine($"  {name,-28}{description}");
        return 0;
    }
}
