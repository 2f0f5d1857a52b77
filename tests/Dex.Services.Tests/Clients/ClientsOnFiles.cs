using Dex.Testing;

namespace Dex.Services.Clients;

/// <summary>With uploads in the file system.</summary>
public sealed class CurlOnFilesTests(ServerFixture fixture, SourceFiles sources) : CurlContract(fixture, sources), IClassFixture<ServerFixture>;

/// <inheritdoc cref="CurlOnFilesTests"/>
public sealed class Http2OnFilesTests(ServerFixture fixture, SourceFiles sources) : Http2Contract(fixture, sources), IClassFixture<ServerFixture>;

/// <inheritdoc cref="CurlOnFilesTests"/>
public sealed class TusJsClientOnFilesTests(ServerFixture fixture, SourceFiles sources) : TusJsClientContract(fixture, sources), IClassFixture<ServerFixture>;

/// <inheritdoc cref="CurlOnFilesTests"/>
public sealed class TusJsDraftOnFilesTests(ServerFixture fixture, SourceFiles sources) : TusJsDraftContract(fixture, sources), IClassFixture<ServerFixture>;

/// <inheritdoc cref="CurlOnFilesTests"/>
public sealed class TuspyOnFilesTests(ServerFixture fixture, SourceFiles sources) : TuspyContract(fixture, sources), IClassFixture<ServerFixture>;
