using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Tests.Hosting;

public sealed class CleanPathsTests
{
    [Theory]
    [InlineData("//", "/")]
    [InlineData("//files", "/files")]
    [InlineData("/files//", "/files/")]
    [InlineData("/files//id", "/files/id")]
    [InlineData("/files///id", "/files/id")]
    [InlineData("/.", "/")]
    [InlineData("/..", "/")]
    [InlineData("/./files", "/files")]
    [InlineData("/files/.", "/files")]
    [InlineData("/files/./", "/files/")]
    [InlineData("/files/..", "/")]
    [InlineData("/files/../info/x", "/info/x")]
    [InlineData("/../../../etc/passwd", "/etc/passwd")]
    [InlineData("/files//id?a=//b/../c", "/files/id?a=//b/../c")]
    [InlineData("//evil.com", "/evil.com")]
    [InlineData("///evil.com/..", "/")]
    [InlineData("/..//evil.com", "/evil.com")]
    [InlineData("//\\evil.com", "/%5Cevil.com")]
    [InlineData("/./\\/evil.com", "/%5C/evil.com")]
    [InlineData("//a\tb\u0001\u007f\"<>", "/a%09b%01%7F%22%3C%3E")]
    [InlineData("//a?x=\u0001", "/a?x=%01")]
    [InlineData("//a%2f..%2fb", "/a%2f..%2fb")]
    [InlineData("/files/%2e%2E", "/")]
    [InlineData("/files/.%2e/x", "/x")]
    [InlineData("/files/%2e", "/files")]
    [InlineData("http://host//x", "/x")]
    [InlineData("http://host/a/../b?c", "/b?c")]
    public void A_dirty_target_is_cleaned_and_stays_on_this_host(string target, string expected)
    {
        var dirty = CleanPaths.IsDirty(target);

        Assert.Equal((true, expected), (dirty, CleanPaths.Clean(target)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("*")]
    [InlineData("/")]
    [InlineData("/files")]
    [InlineData("/files/")]
    [InlineData("/files/a.b/..c/...")]
    [InlineData("/.well-known/x.")]
    [InlineData("/files/%2e%2e%2e/x")]
    [InlineData("/files/%2e%2fx")]
    [InlineData("/files/..%2Fx")]
    [InlineData("/files%2F%2Fx")]
    [InlineData("/files?next=//evil.com/../x")]
    [InlineData("http://host")]
    [InlineData("http://host/files/x")]
    [InlineData("host:80")]
    public void A_clean_target_is_left_alone_and_costs_no_allocation(string target)
    {
        _ = CleanPaths.IsDirty(target);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var dirty = CleanPaths.IsDirty(target);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal((false, 0), (dirty, allocated));
    }
}
