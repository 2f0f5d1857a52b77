namespace Dex.Testing;

/// <summary>As <see cref="ServerFixture"/>, with uploads in a container of its own; targets are folders all the same.</summary>
/// <remarks>Without a store there is no server: tests ask for <see cref="Store"/> first, which skips them.</remarks>
public sealed class ContainerServerFixture(TestServices services) : ServerFixture
{
    public AzureService Store { get; } = new(services);

    protected override IReadOnlyDictionary<string, string>? Environment => Store.Variables();

    public override async ValueTask InitializeAsync()
    {
        await Store.InitializeAsync();
        if (Store.IsRunning)
            await base.InitializeAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await Store.DisposeAsync();
    }
}
