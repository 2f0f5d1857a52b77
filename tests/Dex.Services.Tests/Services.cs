using Dex.Testing;

namespace Dex.Services;

/// <summary>Whether the tools that these tests need may be missing.</summary>
internal static class Services
{
    /// <summary>Skips the test with the reason, or fails it where <c>TEST_SERVICES=required</c>.</summary>
    public static void Require(bool present, string what) => Requirement.Meet(present, what);

    public static void RequireRoot() => Require(Environment.IsPrivilegedProcess, "Mounting needs root");
}
