using Dex.Testing;

namespace Dex.Services.Clients;

/// <summary>With uploads in a bucket.</summary>
public sealed class CurlOnS3Tests(BucketServerFixture fixture, SourceFiles sources) : CurlContract(fixture, sources), IClassFixture<BucketServerFixture>;

/// <inheritdoc cref="CurlOnS3Tests"/>
public sealed class Http2OnS3Tests(BucketServerFixture fixture, SourceFiles sources) : Http2Contract(fixture, sources), IClassFixture<BucketServerFixture>;

/// <inheritdoc cref="CurlOnS3Tests"/>
public sealed class TusJsClientOnS3Tests(BucketServerFixture fixture, SourceFiles sources) : TusJsClientContract(fixture, sources), IClassFixture<BucketServerFixture>;

/// <inheritdoc cref="CurlOnS3Tests"/>
public sealed class TusJsDraftOnS3Tests(BucketServerFixture fixture, SourceFiles sources) : TusJsDraftContract(fixture, sources), IClassFixture<BucketServerFixture>;

/// <inheritdoc cref="CurlOnS3Tests"/>
public sealed class TuspyOnS3Tests(BucketServerFixture fixture, SourceFiles sources) : TuspyContract(fixture, sources), IClassFixture<BucketServerFixture>;
