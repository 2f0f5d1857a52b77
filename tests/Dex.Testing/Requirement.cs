using Xunit;

namespace Dex.Testing;

/// <summary>What a test cannot do without.</summary>
public static class Requirement
{
    /// <summary>Skips the test with the reason, or fails it where <c>TEST_SERVICES=required</c>.</summary>
    public static void Meet(bool present, string what)
    {
        if (present)
            return;
        if (Environment.GetEnvironmentVariable("TEST_SERVICES") == "required")
            Assert.Fail($"{what}; TEST_SERVICES=required allows no skipping.");
        Assert.Skip($"{what}.");
    }
}
