using System.Globalization;

namespace Dex.UploadServer.Retention;

/// <summary>What a sweep found, and what became of it: how many, and how many bytes.</summary>
internal sealed class SweepReport
{
    private readonly SortedDictionary<SweepCategory, (long Count, long Bytes)> _found = [];

    /// <summary>Left alone because a request was at work on them, or because they were no longer what they had been.</summary>
    public long Kept { get; set; }

    /// <summary>Could not be removed.</summary>
    public long Failed { get; set; }

    public long Count => _found.Where(found => found.Key != SweepCategory.Unreadable).Sum(found => found.Value.Count);

    public long Bytes => _found.Where(found => found.Key != SweepCategory.Unreadable).Sum(found => found.Value.Bytes);

    public long CountOf(SweepCategory category) => _found.GetValueOrDefault(category).Count;

    public long BytesOf(SweepCategory category) => _found.GetValueOrDefault(category).Bytes;

    public void Add(SweepFinding finding)
    {
        var (count, bytes) = _found.GetValueOrDefault(finding.Category);
        _found[finding.Category] = (count + 1, bytes + finding.Bytes);
    }

    /// <summary>A table for people: a line for each category, then their sum.</summary>
    public void Write(TextWriter output)
    {
        WriteLine(output, "category", "count", "bytes");
        foreach (var category in Enum.GetValues<SweepCategory>().Except([SweepCategory.Unreadable]))
            WriteLine(output, NameOf(category), Text(CountOf(category)), Text(BytesOf(category)));
        WriteLine(output, "total", Text(Count), Text(Bytes));
        if (CountOf(SweepCategory.Unreadable) is > 0 and var unreadable)
            output.WriteLine($"{unreadable} uploads cannot be read and stay");
        if (Kept > 0)
            output.WriteLine($"{Kept} were left alone: in use, or changed meanwhile");
        if (Failed > 0)
            output.WriteLine($"{Failed} could not be removed");
    }

    /// <summary>A category's name for people and metrics.</summary>
    public static string NameOf(SweepCategory category) => category switch
    {
        SweepCategory.Expired => "expired",
        SweepCategory.Final => "final",
        SweepCategory.Part => "part",
        SweepCategory.Data => "data",
        SweepCategory.Record => "record",
        SweepCategory.Side => "side",
        SweepCategory.Temporary => "temporary",
        _ => "unreadable",
    };

    private static void WriteLine(TextWriter output, string category, string count, string bytes) =>
        output.WriteLine($"{category,-10} {count,12} {bytes,20}");

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
