using Dex.Testing;

namespace Dex.Services.Buckets;

/// <inheritdoc/>
public sealed class BucketKillTests(ObjectStoreService store) : KillContract(() => store.Variables()), IClassFixture<ObjectStoreService>;

/// <inheritdoc/>
public sealed class ContainerKillTests(AzureService store) : KillContract(() => store.Variables()), IClassFixture<AzureService>;
