namespace Dex.UploadServer.Telemetry;

/// <summary>A log value that is JSON already and is nested in the line as it is, as <c>report</c> and <c>event</c> are (spec: metrics-logs-traces.md 4).</summary>
/// <param name="Utf8">One complete JSON value without line breaks; the caller vouches for it. It is read before the log call returns.</param>
internal readonly record struct RawJson(ReadOnlyMemory<byte> Utf8);
