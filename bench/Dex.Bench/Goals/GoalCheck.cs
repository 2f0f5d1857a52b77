using System.Globalization;

namespace Dex.Bench.Goals;

/// <summary>One bound of a goal, and how it was met.</summary>
/// <param name="Goal">Its number.</param>
/// <param name="Text">What is measured, against what.</param>
internal sealed record GoalCheck(int Goal, string Text, double Measured, Bound Bound)
{
    public bool IsMet => Bound.Holds(Measured);
}

/// <summary>A limit that may be touched.</summary>
internal sealed record Bound(double Limit, bool IsCeiling, string Unit)
{
    public static Bound AtMost(double limit, string unit = "×") => new(limit, IsCeiling: true, unit);

    public static Bound AtLeast(double limit, string unit = "×") => new(limit, IsCeiling: false, unit);

    public bool Holds(double value) => IsCeiling ? value <= Limit : value >= Limit;

    public string Show(double value) => value.ToString("0.00", CultureInfo.InvariantCulture) + Unit;

    public override string ToString() => $"{(IsCeiling ? '≤' : '≥')} {Show(Limit)}";
}
