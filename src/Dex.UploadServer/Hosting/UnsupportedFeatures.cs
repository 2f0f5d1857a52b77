namespace Dex.UploadServer.Hosting;

/// <summary>Refuses variables that select a feature this version does not have: silence would lose an operator's data or defences (spec: config.md 3).</summary>
/// <remarks>A feature that arrives takes its names away from here.</remarks>
internal sealed class UnsupportedFeatures(EnvironmentReader environment) : IStartupValidation
{
    private static readonly (string Feature, string[] Variables)[] Selecting =
    [
        ("Redis locks", ["REDIS_CONNECTION_STRING"]),
        ("Login by OpenID providers", ["OIDC_PROVIDERS"]),
    ];

    public IEnumerable<string> FindProblems()
    {
        foreach (var (feature, variables) in Selecting)
        {
            foreach (var variable in variables)
            {
                if (environment.Has(variable))
                    yield return $"{variable} is set, but {feature} is not supported by this version yet; unset it.";
            }
        }

        if (environment.Boolean("OAUTH_AUTH_ENABLED", false))
            yield return "OAUTH_AUTH_ENABLED is true, but token checks are not supported by this version yet; unset it.";
    }
}
