using Dex.UploadServer.Messaging.Brokers;

namespace Dex.UploadServer.Messaging.Azure;

/// <summary>What the service says of an entity, for whoever wants to know at the same time. Where we may not ask, that is said once and seldom tried.</summary>
internal sealed partial class EntityWatch(ServiceBusClient client, TimeProvider clock, ILogger<EntityWatch> logger)
{
    private static readonly TimeSpan s_fresh = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_restAfterDenial = TimeSpan.FromMinutes(10);

    private readonly Lock _gate = new();
    private Task<EntityDescription?>? _look;
    private long _lookedAt;
    private volatile EntityDescription? _latest;
    private volatile bool _isDenied;
    private bool _isTold;

    public ServiceBusEntity Entity => client.Entity;

    /// <summary>What was last heard; null before, and where we may not ask.</summary>
    public EntityDescription? Latest => _latest;

    /// <summary>Whether the key or identity lacks the right to ask.</summary>
    public bool IsDenied => _isDenied;

    /// <returns>Null where we may not ask.</returns>
    /// <exception cref="BrokerException">It is not there, or nobody can say.</exception>
    public Task<EntityDescription?> ReadAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var isOld = _look is { IsCompleted: true } && clock.GetElapsedTime(_lookedAt) >= (_isDenied ? s_restAfterDenial : s_fresh);
            if (_look is null || isOld)
            {
                _lookedAt = clock.GetTimestamp();
                _look = Task.Run(LookAsync, CancellationToken.None);
            }

            return _look.WaitAsync(cancellationToken);
        }
    }

    private async Task<EntityDescription?> LookAsync()
    {
        var description = await client.DescribeAsync(CancellationToken.None);
        _isDenied = description is null;
        _latest = description;
        if (_isDenied && !_isTold)
        {
            _isTold = true;
            LogDenied($"{Entity.Kind} {Entity.Name}");
        }

        return description;
    }

    [LoggerMessage(LogLevel.Information, "status and length cannot be read without the Manage right; all else goes on {entity}")]
    private partial void LogDenied(string entity);
}
