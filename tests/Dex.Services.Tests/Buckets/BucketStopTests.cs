using Dex.Testing;

namespace Dex.Services.Buckets;

/// <inheritdoc/>
public sealed class BucketStopTests(ObjectStoreService store) : StopContract(() => store.Variables()), IClassFixture<ObjectStoreService>;

/// <inheritdoc/>
public sealed class ContainerStopTests(AzureService store) : StopContract(() => store.Variables()), IClassFixture<AzureService>;
