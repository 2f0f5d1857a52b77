using Xunit.v3;

namespace Dex.Testing;

/// <summary>Names the rules of the protocol that this test finds broken when they are; <c>docs/protocol.md</c> lists them all. Also a trait: <c>-trait "Rule=R1"</c>.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method)]
public sealed class RuleAttribute(params string[] rules) : Attribute, ITraitAttribute
{
    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [.. rules.Select(rule => KeyValuePair.Create("Rule", rule))];
}
