using System.Collections.Concurrent;
using System.Security.Cryptography;
using Dex.UploadServer.Ledger;

namespace Dex.UploadServer.Delivery;

/// <summary>The deliveries this process has claimed, and the heart-beat that keeps them its own (spec: reliability.md Q3).</summary>
internal sealed partial class DeliveryClaims(ILedger ledger, OrderBook orders, TimeProvider clock, ILogger<DeliveryClaims> logger)
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(20);

    private readonly ConcurrentDictionary<string, int> _running = new(StringComparer.Ordinal);
    private string _owner = NewOwner();

    /// <summary>Claims due deliveries of a target; each ends with <see cref="End"/>.</summary>
    public async Task<IReadOnlyList<DeliveryClaim>> ClaimAsync(string targetKey, int limit, CancellationToken cancellationToken)
    {
        var owner = Volatile.Read(ref _owner);
        _running.TryAdd(owner, 0);
        try
        {
            var claimed = await ledger.ClaimDeliveriesAsync(targetKey, limit, owner, Lease, cancellationToken);
            _running.AddOrUpdate(owner, claimed.Count, (_, count) => count + claimed.Count);
            return [.. claimed.Select(delivery => new DeliveryClaim(delivery, owner))];
        }
        catch
        {
            // The claim may have been made all the same. Nobody runs it, so its lease must not be renewed: we go on under a new
            // name, and the old one is renewed only while deliveries known to run are left of it.
            Interlocked.CompareExchange(ref _owner, NewOwner(), owner);
            throw;
        }
    }

    /// <summary>A claimed delivery is settled or given up; an unsettled one is due again when its lease is over.</summary>
    public void End(DeliveryClaim claim)
    {
        _running.AddOrUpdate(claim.Owner, 0, static (_, count) => count - 1);
        orders.Changed(claim.Delivery.DeliveryId);
    }

    /// <summary>Renews the leases of what runs, and turns back what others have left lying, until cancelled.</summary>
    public async Task RunHeartBeatAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Beat, clock);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            try
            {
                foreach (var (owner, count) in _running)
                {
                    if (count > 0)
                        await ledger.RenewClaimsAsync(owner, Lease, cancellationToken);
                }

                // Only after all of ours are renewed: a ledger that was away must not cost us what still runs here.
                var reclaimed = await ledger.ReclaimDeliveriesAsync(all: false, cancellationToken);
                if (reclaimed > 0)
                    LogReclaimed(reclaimed);
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
            {
                LogHeartBeatFailed(error.Message);
            }
        }
    }

    /// <summary>Hands back everything still claimed, as when the server stops.</summary>
    public async Task HandBackAsync(CancellationToken cancellationToken)
    {
        foreach (var owner in _running.Keys)
            await ledger.ReleaseClaimsAsync(owner, cancellationToken);
        orders.AllChanged();
    }

    private static string NewOwner() => RandomNumberGenerator.GetHexString(16, lowercase: true);

    [LoggerMessage(LogLevel.Warning, "deliveries reclaimed after their lease ended {count}")]
    private partial void LogReclaimed(int count);

    [LoggerMessage(LogLevel.Error, "failed to renew delivery claims {error}")]
    private partial void LogHeartBeatFailed(string error);
}

/// <summary>A delivery this process may run.</summary>
internal sealed record DeliveryClaim(DeliveryRecord Delivery, string Owner);
