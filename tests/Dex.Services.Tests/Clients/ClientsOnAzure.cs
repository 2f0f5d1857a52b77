using Dex.Testing;

namespace Dex.Services.Clients;

/// <summary>With uploads in a container.</summary>
public sealed class CurlOnAzureTests(ContainerServerFixture fixture, SourceFiles sources) : CurlContract(fixture, sources), IClassFixture<ContainerServerFixture>;

/// <inheritdoc cref="CurlOnAzureTests"/>
public sealed class Http2OnAzureTests(ContainerServerFixture fixture, SourceFiles sources) : Http2Contract(fixture, sources), IClassFixture<ContainerServerFixture>;

/// <inheritdoc cref="CurlOnAzureTests"/>
public sealed class TusJsClientOnAzureTests(ContainerServerFixture fixture, SourceFiles sources) : TusJsClientContract(fixture, sources), IClassFixture<ContainerServerFixture>;

/// <inheritdoc cref="CurlOnAzureTests"/>
public sealed class TusJsDraftOnAzureTests(ContainerServerFixture fixture, SourceFiles sources) : TusJsDraftContract(fixture, sources), IClassFixture<ContainerServerFixture>;

/// <inheritdoc cref="CurlOnAzureTests"/>
public sealed class TuspyOnAzureTests(ContainerServerFixture fixture, SourceFiles sources) : TuspyContract(fixture, sources), IClassFixture<ContainerServerFixture>;
