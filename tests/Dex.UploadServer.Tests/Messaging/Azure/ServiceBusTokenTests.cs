using Azure.Core;
using Azure.Identity;
using Dex.Testing;
using Dex.UploadServer.Messaging.Azure;
using Dex.UploadServer.Messaging.Brokers;

namespace Dex.UploadServer.Tests.Messaging.Azure;

/// <summary>Tokens for Service Bus: signed here, given, or had from Entra; always fresh.</summary>
public sealed class ServiceBusTokenTests
{
    private readonly ManualClock _clock = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_signature_is_made_of_the_escaped_address_and_the_end_with_the_key_as_text()
    {
        var tokens = new SignedTokens("Root/Key", "c2VjcmV0MTI=", new Uri("https://Contoso.servicebus.windows.net/Topic/subscriptions/Sub"), _clock);

        var token = await tokens.GetAsync(Stop);

        // HMAC-SHA256 of "https%3A%2F%2Fcontoso…\n1749135781" under the text of the key, computed elsewhere.
        Assert.Equal(
            "SharedAccessSignature sr=https%3A%2F%2Fcontoso.servicebus.windows.net%2Ftopic%2Fsubscriptions%2Fsub&sig=y7rF5ndlAwOgIts8iHX8bpPj%2B9EjWV5LkvbsSfcWrwg%3D&se=1749135781&skn=Root%2FKey",
            token);
    }

    [Fact]
    public async Task A_signature_is_used_again_until_a_third_of_its_life_is_left()
    {
        var tokens = new SignedTokens("k", "s", new Uri("https://a/q"), _clock);
        var first = await tokens.GetAsync(Stop);

        _clock.Advance(TimeSpan.FromMinutes(39));
        var again = await tokens.GetAsync(Stop);
        _clock.Advance(TimeSpan.FromMinutes(2));
        var next = await tokens.GetAsync(Stop);
        _clock.PutBack(TimeSpan.FromDays(1));
        var afterPuttingBack = await tokens.GetAsync(Stop);

        Assert.Equal(first, again);
        Assert.NotEqual(first, next);
        Assert.NotEqual(next, afterPuttingBack);
    }

    [Fact]
    public async Task A_given_signature_is_refused_here_when_it_has_expired()
    {
        var end = _clock.GetUtcNow() + TimeSpan.FromMinutes(1);
        var text = $"SharedAccessSignature sr=x&sig=y&se={end.ToUnixTimeSeconds()}&skn=z";
        var token = new GivenToken(text, _clock);
        var before = await token.GetAsync(Stop);

        _clock.Advance(TimeSpan.FromMinutes(1));
        var failure = await Assert.ThrowsAsync<BrokerException>(() => token.GetAsync(Stop).AsTask());

        Assert.Equal(text, before);
        Assert.Equal("access denied (the SharedAccessSignature of the connection string has expired)", failure.Message);
    }

    [Fact]
    public async Task A_token_of_Entra_is_kept_and_renewed_before_its_end()
    {
        var credential = new TestCredential(_clock);
        using var tokens = new EntraTokens(() => credential, _clock);

        var first = await tokens.GetAsync(Stop);
        _clock.Advance(TimeSpan.FromMinutes(50));
        var kept = await tokens.GetAsync(Stop);
        _clock.Advance(TimeSpan.FromMinutes(6));
        var renewed = await tokens.GetAsync(Stop);

        Assert.Equal(("Bearer token-1", "Bearer token-1", "Bearer token-2"), (first, kept, renewed));
        Assert.Equal("https://servicebus.azure.net/.default", credential.Scope);
    }

    [Fact]
    public async Task While_Entra_gives_none_the_last_token_serves_up_to_its_end()
    {
        var credential = new TestCredential(_clock);
        using var tokens = new EntraTokens(() => credential, _clock);
        await tokens.GetAsync(Stop);
        credential.Failure = new AuthenticationFailedException("AADSTS7000215: Invalid client secret provided. https://login.example/secret-looking");

        _clock.Advance(TimeSpan.FromMinutes(56));
        var last = await tokens.GetAsync(Stop);
        await tokens.GetAsync(Stop);
        var asked = credential.Asked;
        _clock.Advance(TimeSpan.FromMinutes(4));
        var failure = await Assert.ThrowsAsync<BrokerException>(() => tokens.GetAsync(Stop).AsTask());

        Assert.Equal("Bearer token-1", last);
        Assert.Equal(2, asked); // not once more for each call
        Assert.Equal("access denied (no token from Entra: AADSTS7000215)", failure.Message);
        Assert.Equal(BrokerFailure.Denied, failure.Failure);
    }

    [Fact]
    public async Task A_machine_without_an_identity_is_told_so()
    {
        var credential = new TestCredential(_clock) { Failure = new CredentialUnavailableException("EnvironmentCredential authentication unavailable. …") };
        using var tokens = new EntraTokens(() => credential, _clock);

        var failure = await Assert.ThrowsAsync<BrokerException>(() => tokens.GetAsync(Stop).AsTask());

        Assert.Equal("access denied (no token from Entra: no identity found)", failure.Message);
    }

    private sealed class TestCredential(TimeProvider clock) : TokenCredential
    {
        public Exception? Failure { get; set; }

        public int Asked { get; private set; }

        public string? Scope { get; private set; }

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken)
        {
            Asked++;
            Scope = requestContext.Scopes.Single();
            return Failure is { } failure ? throw failure : new(new AccessToken($"token-{Asked}", clock.GetUtcNow() + TimeSpan.FromHours(1)));
        }

        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
