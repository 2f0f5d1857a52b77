namespace Dex.UploadServer.Telemetry.Logs;

/// <summary>The logger of one category: decides what is worth a line; <see cref="LogFormat"/> writes it.</summary>
internal sealed class JsonLogger(string category, LogFormat format) : ILogger
{
    private readonly LogSource _source = LogSource.Of(category);

    // The framework tells much at INFO that operators never saw before.
    private readonly LogLevel _threshold = LogSource.IsFramework(category) ? LogLevel.Warning : format.Threshold;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= _threshold && logLevel != LogLevel.None;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => format.Scopes.Push(state);

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
            format.Write(logLevel, _source, state, exception, formatter);
    }
}
