using Xunit;

namespace Dex.Testing;

/// <summary>One server on its defaults for all tests of a class, with the targets <c>edav</c> and <c>copy</c>.</summary>
public class ServerFixture : IAsyncLifetime
{
    private ServerProcess? _server;

    public ServerFolder Folder { get; } = new("edav", "copy");

    public ServerProcess Server
    {
        get
        {
            RequireStore();
            return _server ?? throw new InvalidOperationException("The server was not started.");
        }
    }

    public HttpClient Http => Server.Http;

    /// <summary>Variables beside the defaults.</summary>
    protected virtual IReadOnlyDictionary<string, string>? Environment => null;

    /// <summary>Names of all that there is of uploads in the store.</summary>
    public virtual Task<IReadOnlyList<string>> ListStoredAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<string>>(
        Directory.Exists(Folder.Uploads) ? [.. Directory.EnumerateFileSystemEntries(Folder.Uploads, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)] : []);

    public virtual async ValueTask InitializeAsync() => _server = await ServerProcess.StartAsync(Folder, TestContext.Current.CancellationToken, Environment);

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_server is not null)
            await _server.DisposeAsync();
        Folder.Dispose();
    }

    /// <summary>Skips the test where the store of uploads cannot run.</summary>
    protected virtual void RequireStore()
    {
    }
}
