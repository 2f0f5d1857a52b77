using Dex.UploadServer.Reports;
using Microsoft.Extensions.Logging;

namespace Dex.UploadServer.Tests.Reports;

/// <summary>Keeps what was logged, with its fields.</summary>
internal sealed class RecordingLogger : ILogger<ReportWriter>
{
    public List<(string Message, IReadOnlyDictionary<string, object?> Fields)> Entries { get; } = [];

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var fields = ((IEnumerable<KeyValuePair<string, object?>>)state!).ToDictionary(field => field.Key, field => field.Value);
        Entries.Add(((string)fields["{OriginalFormat}"]!, fields));
    }
}
