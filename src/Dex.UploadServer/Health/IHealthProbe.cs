namespace Dex.UploadServer.Health;

/// <summary>Asks one dependency how it is; the room that uses the dependency registers it as a singleton (spec: http-api.md 6).</summary>
internal interface IHealthProbe
{
    /// <summary>The <c>service</c> shown, exactly as monitoring compares it.</summary>
    string Service { get; }

    /// <summary>The <c>health_issue</c> shown when all is well: <see cref="HealthyIssues"/> has both texts there are.</summary>
    string HealthyIssue { get; }

    /// <summary>Place in the answer: one of <see cref="HealthOrder"/>. Equal ones stay in the order of registration.</summary>
    int Order { get; }

    /// <summary>Null when the dependency is well, else what is wrong. Creates nothing.</summary>
    /// <remarks>Anybody may read the text, and that of an exception thrown, so neither may hold a secret. Called again only when the call before has ended.</remarks>
    /// <param name="cancellationToken">Fires when the answer goes out without this probe, as DOWN.</param>
    ValueTask<string?> CheckAsync(CancellationToken cancellationToken);
}

/// <summary>For rooms that learn only from their configuration what there is to ask, such as delivery targets. Asked once, at the first answer.</summary>
internal interface IHealthProbeSource
{
    IEnumerable<IHealthProbe> Probes { get; }
}
