using System.Collections.Concurrent;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Telemetry.Logs;

/// <summary>Makes the loggers that write one JSON object a line (spec: metrics-logs-traces.md 4).</summary>
[ProviderAlias("Json")]
internal sealed class JsonLogProvider(LogWriter writer, IOptions<TelemetryOptions> options, TimeProvider clock)
    : ILoggerProvider, ISupportExternalScope
{
    private readonly LogFormat _format = new(writer, options.Value, clock);
    private readonly ConcurrentDictionary<string, JsonLogger> _loggers = new(StringComparer.Ordinal);

    public ILogger CreateLogger(string categoryName) =>
        _loggers.GetOrAdd(categoryName, static (category, format) => new JsonLogger(category, format), _format);

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _format.Scopes = scopeProvider;

    public void Dispose() => writer.Flush(TimeSpan.FromSeconds(5));
}
