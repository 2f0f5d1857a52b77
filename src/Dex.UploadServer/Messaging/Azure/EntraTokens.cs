using System.Text.RegularExpressions;
using Azure.Core;
using Azure.Identity;
using Dex.UploadServer.Messaging.Brokers;

namespace Dex.UploadServer.Messaging.Azure;

/// <summary>Bearer tokens of Microsoft Entra, renewed well before they expire; while none can be had, the last one serves up to its end.</summary>
internal sealed partial class EntraTokens(Func<TokenCredential> credential, TimeProvider clock) : IServiceBusTokens, IDisposable
{
    private static readonly TokenRequestContext s_request = new(["https://servicebus.azure.net/.default"]);
    private static readonly TimeSpan s_reserve = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_lastMoment = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _gate = new(1);
    private volatile Bearer? _latest;

    private sealed record Bearer(string Text, DateTimeOffset RenewAt, DateTimeOffset End);

    public async ValueTask<string> GetAsync(CancellationToken cancellationToken)
    {
        if (Fresh() is { } fresh)
            return fresh.Text;
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (Fresh() is { } renewed)
                return renewed.Text;
            _latest = await AskAsync(cancellationToken);
            return _latest.Text;
        }
        catch (BrokerException) when (_latest is { } last && clock.GetUtcNow() < last.End - s_lastMoment)
        {
            // Not asked again for each call.
            _latest = last with { RenewAt = clock.GetUtcNow() + s_lastMoment };
            return last.Text;
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    private Bearer? Fresh()
    {
        var now = clock.GetUtcNow();
        return _latest is { } latest && now < latest.RenewAt && now < latest.End - s_lastMoment ? latest : null;
    }

    private async Task<Bearer> AskAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(BrokerConnections.CallLimit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            var token = await credential().GetTokenAsync(s_request, either.Token);
            var renewAt = token.RefreshOn is { } asked && asked < token.ExpiresOn - s_reserve ? asked : token.ExpiresOn - s_reserve;
            return new Bearer("Bearer " + token.Token, renewAt, token.ExpiresOn);
        }
        catch (Exception error) when (error is AuthenticationFailedException or ArgumentException)
        {
            // Its text has addresses, and pages of advice; the code says it all.
            var code = EntraCode().Match(error.Message) is { Success: true } match ? match.Value : error is CredentialUnavailableException ? "no identity found" : "not reached";
            throw new BrokerException($"access denied (no token from Entra: {code})", error) { Failure = BrokerFailure.Denied };
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new BrokerException("no token from Entra: no answer in time", error);
        }
    }

    [GeneratedRegex("AADSTS[0-9]+")]
    private static partial Regex EntraCode();
}
