using System.Net;
using System.Security.Cryptography;
using Azure.Storage.Sas;
using Dex.Testing;
using Dex.UploadServer.Delivery;
using Dex.UploadServer.Delivery.Configuration;
using Dex.UploadServer.Storage.Azure;
using Dex.UploadServer.Tests.Delivery;

namespace Dex.UploadServer.Tests.Storage.Azure;

/// <summary>Targets that refuse: each time a clear word in the report and in health, and another try only where it can help (spec: reliability.md R4).</summary>
public sealed class AzureAccessTests(AzureService store) : IClassFixture<AzureService>
{
    private static readonly byte[] s_content = RandomNumberGenerator.GetBytes(AzureTargetRig.PartBytes + 5);
    private static readonly IProgress<long> s_unwatched = new Progress<long>();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<int, string, string, string> Refusals => new()
    {
        { 403, "AuthenticationFailed", "access denied: wrong key or SAS, or a wrong clock (AuthenticationFailed)", "dead" },
        { 403, "AuthorizationPermissionMismatch", "access denied (AuthorizationPermissionMismatch)", "dead" },
        { 404, "BlobNotFound", "no such blob (BlobNotFound)", "retried" },
        { 409, "BlobImmutableDueToPolicy", "refused (BlobImmutableDueToPolicy)", "dead" },
        { 409, "ContainerBeingDeleted", "the container is being deleted (ContainerBeingDeleted)", "retried" },
        { 412, "LeaseIdMissing", "changed or locked by somebody else (LeaseIdMissing)", "retried" },
        { 429, "TooManyRequests", "the store is busy (TooManyRequests)", "postponed" },
        { 503, "ServerBusy", "the store is busy (ServerBusy)", "postponed" },
        { 500, "InternalError", "the store failed (InternalError)", "retried" },
    };

    [Theory, MemberData(nameof(Refusals))]
    public async Task An_answer_is_a_clear_word_and_decides_about_another_try(int status, string code, string words, string outcome)
    {
        await using var proxy = store.NewProxy().Add(new FaultRule(FaultKind.Answer) { CannedAnswer = CannedAnswer.OfAzure((HttpStatusCode)status, code) });
        using var connection = AzureRig.Connect(store, proxy.Address, options => options.RetryWindow = TimeSpan.FromMilliseconds(200));
        using var rig = new AzureTargetRig(store, connection: connection);

        var (report, health) = await FailAsync(rig);

        Assert.Equal($"failed to upload file to {store.Container} a: {words}", report.Message);
        Assert.Equal(outcome, OutcomeOf(report));
        if (status != 404)
            Assert.Equal($"container {store.Container}: {words}", health.Message);
    }

    [Fact]
    public async Task A_wrong_key_is_told_and_not_tried_again()
    {
        await using var proxy = store.NewProxy();
        using var connection = AzureRig.Connect(store, proxy.Address, signIn: new AzureSignIn.SharedKey(store.Account, new Secret("d3Jvbmc=")));
        using var rig = new AzureTargetRig(store, connection: connection);

        var (report, health) = await FailAsync(rig);

        Assert.StartsWith($"failed to upload file to {store.Container} a: access denied", report.Message, StringComparison.Ordinal);
        Assert.StartsWith($"container {store.Container}: access denied", health.Message, StringComparison.Ordinal);
        Assert.Equal("dead", OutcomeOf(report));
        Assert.InRange(proxy.Count("PUT"), 1, 4); // those that were under way already
    }

    [Fact]
    public async Task An_expired_sas_is_told_and_waited_for_and_never_shown()
    {
        var sas = store.NewSas(DateTimeOffset.UtcNow.AddMinutes(-1));
        using var rig = new AzureTargetRig(store, connection: AzureRig.Connect(store, signIn: new AzureSignIn.Sas(new Secret(sas))));

        var (report, health) = await FailAsync(rig);

        Assert.StartsWith($"failed to upload file to {store.Container} a: the SAS has expired", report.Message, StringComparison.Ordinal);
        Assert.StartsWith($"container {store.Container}: the SAS has expired", health.Message, StringComparison.Ordinal);
        Assert.Equal("retried", OutcomeOf(report));
        Assert.DoesNotContain("sig=", $"{report}{health}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_container_is_down_in_health_and_made_by_the_first_delivery()
    {
        var name = $"{store.Container}-first";
        using var rig = new AzureTargetRig(store, container: name);
        await using var source = new TestSourceFile(s_content);

        var health = await Assert.ThrowsAsync<IOException>(() => rig.Destination.CheckAsync(Stop).AsTask());
        await rig.Destination.DeliverAsync(source, "a", s_unwatched, Stop);

        Assert.Equal($"container {name}: no such container (ContainerNotFound)", health.Message);
        await rig.Destination.CheckAsync(Stop);
        Assert.Equal(s_content.Length, (await rig.ReadAsync("a"))!.Length);
    }

    [Fact]
    public async Task A_missing_container_is_made_when_the_target_is_prepared()
    {
        using var rig = new AzureTargetRig(store, container: $"{store.Container}-prepared");

        await rig.Destination.PrepareAsync(DateTimeOffset.UtcNow, Stop);

        await rig.Destination.CheckAsync(Stop);
    }

    [Theory]
    [InlineData(403, "AuthorizationPermissionMismatch", "access denied (AuthorizationPermissionMismatch)", "dead")]
    [InlineData(409, "ContainerBeingDeleted", "the container is being deleted (ContainerBeingDeleted)", "retried")]
    public async Task A_container_that_cannot_be_made_is_told(int status, string code, string words, string outcome)
    {
        await using var proxy = store.NewProxy().Add(new FaultRule(FaultKind.Answer)
        {
            Method = "PUT",
            QueryKey = "restype",
            CannedAnswer = CannedAnswer.OfAzure((HttpStatusCode)status, code),
        });
        using var rig = new AzureTargetRig(store, proxy.Address, container: $"{store.Container}-{status}");
        await using var source = new TestSourceFile(s_content);

        var preparing = await Assert.ThrowsAsync<IOException>(() => rig.Destination.PrepareAsync(DateTimeOffset.UtcNow, Stop).AsTask());
        var report = await Assert.ThrowsAnyAsync<Exception>(() => rig.Destination.DeliverAsync(source, "a", s_unwatched, Stop).AsTask());

        Assert.EndsWith(words, preparing.Message, StringComparison.Ordinal);
        Assert.EndsWith(words, report.Message, StringComparison.Ordinal);
        Assert.Equal(outcome, OutcomeOf(report));
    }

    [Fact]
    public async Task A_sas_that_may_read_and_write_and_nothing_else_is_enough()
    {
        var sas = store.NewContainerSas(BlobContainerSasPermissions.Read | BlobContainerSasPermissions.Create | BlobContainerSasPermissions.Write);
        using var rig = new AzureTargetRig(store, connection: AzureRig.Connect(store, signIn: new AzureSignIn.Sas(new Secret(sas))));
        await using var source = new TestSourceFile(s_content);

        await rig.Destination.PrepareAsync(DateTimeOffset.UtcNow, Stop);
        await rig.Destination.CheckAsync(Stop);
        var delivered = await rig.Destination.DeliverAsync(source, "by-sas", s_unwatched, Stop);

        Assert.Equal($"{store.Endpoint.AbsoluteUri}/{store.Container}/by-sas", delivered.Location);
        Assert.Equal(s_content.Length, (await rig.ReadAsync("by-sas"))!.Length);
    }

    [Fact]
    public async Task A_name_longer_than_azure_takes_is_not_tried()
    {
        await using var proxy = store.NewProxy();
        using var rig = new AzureTargetRig(store, proxy.Address);
        await using var source = new TestSourceFile([1]);

        await Assert.ThrowsAsync<DeliveryRefusedException>(() =>
            rig.Destination.DeliverAsync(source, string.Join('/', Enumerable.Repeat(new string('a', 200), 6)), s_unwatched, Stop).AsTask());

        Assert.Empty(proxy.Seen);
    }

    private static async Task<(Exception Report, Exception Health)> FailAsync(AzureTargetRig rig)
    {
        await using var source = new TestSourceFile(s_content);
        var report = await Assert.ThrowsAnyAsync<Exception>(() => rig.Destination.DeliverAsync(source, "a", s_unwatched, Stop).AsTask());
        var health = await Assert.ThrowsAsync<IOException>(() => rig.Destination.CheckAsync(Stop).AsTask());
        return (report, health);
    }

    private static string OutcomeOf(Exception report) => report switch
    {
        DeliveryRefusedException => "dead",
        DeliveryPostponedException => "postponed",
        IOException and not DeliverySourceException => "retried",
        _ => report.GetType().Name,
    };
}
