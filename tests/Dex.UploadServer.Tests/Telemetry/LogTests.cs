using System.Text;
using Dex.UploadServer.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Dex.UploadServer.Tests.Telemetry;

public sealed partial class LogTests
{
    private const string UploadId = "7f1d0f5e-3c1b-4a58-9d0e-5b0c2a9f6e11";

    [Fact]
    public async Task A_line_has_its_fields_in_the_order_of_the_contract()
    {
        await using var app = await TelemetryApp.StartAsync(
            new() { ["ENVIRONMENT"] = "STG" },
            services => services.AddSingleton<TimeProvider>(new ZonedClock()));
        var logger = app.CreateLogger("Dex.UploadServer.Delivery.Courier");

        using (logger.BeginScope(new KeyValuePair<string, object?>[] { new("uploadId", UploadId) }))
            LogDelivered(logger, new RawJson("{\"type\":\"FileReady\"}"u8.ToArray()), 3);

        Assert.Equal(
            "{\"time\":\"2025-06-05T16:03:02.1310021+02:00\",\"level\":\"INFO\","
            + "\"source\":{\"function\":\"Dex.UploadServer.Delivery.Courier\",\"file\":\"Delivery/Courier.cs\",\"line\":0},"
            + "\"msg\":\"file delivered\",\"app_info\":{\"System\":\"DEX\",\"Product\":\"UPLOAD API\",\"App\":\"UPLOAD SERVER\",\"Env\":\"STG\"},"
            + $"\"uploadId\":\"{UploadId}\",\"event\":{{\"type\":\"FileReady\"}},\"attempt\":3}}\n",
            app.Log.Text);
    }

    [Theory]
    [InlineData("a\nb\r\n\"quoted\" \\ <&> \0\u001b[31m")]
    [InlineData("\u2028\u2029\u0085\u007f")]
    [InlineData("\",\"level\":\"ERROR\"}\n{\"evil\":1}")]
    [InlineData("Žluťoučký 漢字 \U0001F600")]
    [InlineData("")]
    public async Task Hostile_text_stays_in_its_field_on_its_line(string hostile)
    {
        await using var app = await TelemetryApp.StartAsync();

        LogText(app.CreateLogger("Dex.Test"), hostile);

        Assert.Equal(hostile, Assert.Single(app.Log.Lines).GetProperty("path").GetString());
    }

    [Fact]
    public async Task Lone_surrogates_become_replacement_characters_and_huge_texts_are_whole()
    {
        await using var app = await TelemetryApp.StartAsync();
        var logger = app.CreateLogger("Dex.Test");
        var huge = string.Concat(Enumerable.Repeat("<\u2028é\n", 250_000));

        LogText(logger, "a\ud800b\udc00");
        LogText(logger, huge);
        LogText(logger, "after");

        var texts = app.Log.Lines.Select(line => line.GetProperty("path").GetString());
        Assert.Equal(["a\ufffdb\ufffd", huge, "after"], texts);
    }

    [Theory]
    [InlineData("{\"a\":\n1}")]
    [InlineData("")]
    public async Task Raw_json_that_would_spoil_the_line_is_written_as_text(string raw)
    {
        var json = new RawJson(Encoding.UTF8.GetBytes(raw));
        await using var app = await TelemetryApp.StartAsync();

        LogDelivered(app.CreateLogger("Dex.Test"), json, 1);

        Assert.Equal(raw, Assert.Single(app.Log.Lines).GetProperty("event").GetString());
    }

    [Fact]
    public async Task Values_have_the_types_that_json_has_for_them()
    {
        await using var app = await TelemetryApp.StartAsync();

        LogValues(
            app.CreateLogger("Dex.Test"), true, long.MaxValue, 1.5, double.NaN, null, ["x", "y"],
            new SortedDictionary<string, string>(StringComparer.Ordinal) { ["b"] = "2", ["a"] = "1" },
            new DateTimeOffset(2025, 6, 5, 14, 3, 2, 100, TimeSpan.Zero));

        Assert.Contains(
            "\"msg\":\"values\"", app.Log.Text, StringComparison.Ordinal);
        Assert.EndsWith(
            "},\"truth\":true,\"number\":9223372036854775807,\"fraction\":1.5,\"strange\":\"NaN\",\"nothing\":null,\"list\":[\"x\",\"y\"],"
            + "\"map\":{\"a\":\"1\",\"b\":\"2\"},\"at\":\"2025-06-05T14:03:02.1Z\"}\n",
            app.Log.Text,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_exception_is_an_error_text_and_has_its_stack_at_error_only()
    {
        await using var app = await TelemetryApp.StartAsync();
        var logger = app.CreateLogger("Dex.Test");
        var error = Throw(new IOException("disk full", new InvalidOperationException("inner")));

        LogTrouble(logger, LogLevel.Warning, error);
        LogTrouble(logger, LogLevel.Error, error);
        LogOwnError(logger, "told already", error);

        var lines = app.Log.Lines;
        Assert.All(lines.Take(2), line => Assert.Equal("disk full (System.IO.IOException): inner (System.InvalidOperationException)", line.GetProperty("error").GetString()));
        Assert.Equal(["WARN", "ERROR", "ERROR"], lines.Select(line => line.GetProperty("level").GetString()));
        Assert.Equal([false, true, true], lines.Select(line => line.TryGetProperty("stack", out _)));
        Assert.Equal("told already", lines[2].GetProperty("error").GetString());
        Assert.Single(lines[2].EnumerateObject(), field => field.Name == "error");
    }

    [Theory]
    [InlineData(null, new[] { "Dex.Test INFO", "Dex.Test WARN", "Microsoft.Test WARN", "System.Test WARN" })]
    [InlineData("true", new[] { "Dex.Test DEBUG", "Dex.Test INFO", "Dex.Test WARN", "Microsoft.Test WARN", "System.Test WARN" })]
    public async Task The_threshold_is_info_or_debug_and_warn_for_the_framework(string? debugOn, string[] expected)
    {
        await using var app = await TelemetryApp.StartAsync(debugOn is null ? [] : new() { ["LOGGER_DEBUG_ON"] = debugOn });

        foreach (var category in (string[])["Dex.Test", "Microsoft.Test", "System.Test"])
        {
            var logger = app.CreateLogger(category);
            foreach (var level in (LogLevel[])[LogLevel.Trace, LogLevel.Debug, LogLevel.Information, LogLevel.Warning])
                LogTrouble(logger, level, null);
        }

        Assert.Equal(expected, app.Log.Lines.Select(line => $"{line.GetProperty("source").GetProperty("function")} {line.GetProperty("level")}"));
    }

    [Fact]
    public async Task A_field_said_twice_is_written_once_and_the_nearest_wins()
    {
        await using var app = await TelemetryApp.StartAsync();
        var logger = app.CreateLogger("Dex.Test");

        using (logger.BeginScope(new KeyValuePair<string, object?>[] { new("uploadId", "outer"), new("RequestId", "framework") }))
        using (logger.BeginScope(new KeyValuePair<string, object?>[] { new("uploadId", "inner"), new("path", "scope") }))
            LogText(logger, "own");

        var line = Assert.Single(app.Log.Lines);
        Assert.EndsWith("},\"uploadId\":\"inner\",\"path\":\"own\"}\n", app.Log.Text, StringComparison.Ordinal);
        Assert.False(line.TryGetProperty("RequestId", out _));
    }

    [Fact]
    public async Task A_framework_message_is_whole_even_if_it_starts_with_a_placeholder()
    {
        await using var app = await TelemetryApp.StartAsync();

        LogForeign(app.CreateLogger("Microsoft.Test"), "thing");

        Assert.Equal("thing is slow", Assert.Single(app.Log.Lines).GetProperty("msg").GetString());
    }

    [Fact]
    public async Task Requests_for_an_upload_tell_its_trace()
    {
        await using var app = await TelemetryApp.StartAsync();

        await app.Client.GetAsync($"/files/{UploadId}", TestContext.Current.CancellationToken);
        await app.Client.GetAsync("/files/other", TestContext.Current.CancellationToken);

        var line = Assert.Single(app.Log.Lines);
        Assert.Equal("tracing upload", line.GetProperty("msg").GetString());
        Assert.Equal(UploadId, line.GetProperty("upload_id").GetString());
        Assert.Equal("63d8acb22643e9a2791d7463fb47939b", line.GetProperty("trace_id").GetString());
    }

    private static IOException Throw(IOException error)
    {
        try
        {
            throw error;
        }
        catch (IOException caught)
        {
            return caught;
        }
    }

    [LoggerMessage(LogLevel.Information, "file delivered {event}{attempt}")]
    private static partial void LogDelivered(ILogger logger, RawJson @event, int attempt);

    [LoggerMessage(LogLevel.Information, "a text {path}")]
    private static partial void LogText(ILogger logger, string path);

    [LoggerMessage(LogLevel.Information, "values {truth}{number}{fraction}{strange}{nothing}{list}{map}{at}")]
    private static partial void LogValues(
        ILogger logger, bool truth, long number, double fraction, double strange, string? nothing, IReadOnlyList<string> list,
        IReadOnlyDictionary<string, string> map, DateTimeOffset at);

    [LoggerMessage("trouble")]
    private static partial void LogTrouble(ILogger logger, LogLevel level, Exception? error);

    [LoggerMessage(LogLevel.Error, "trouble {error}")]
    private static partial void LogOwnError(ILogger logger, string error, Exception cause);

    [LoggerMessage(LogLevel.Warning, "{Thing} is slow")]
    private static partial void LogForeign(ILogger logger, string thing);

    private sealed class ZonedClock : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone { get; } = TimeZoneInfo.CreateCustomTimeZone("test", TimeSpan.FromHours(2), "test", "test");

        public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2025, 6, 5, 14, 3, 2, TimeSpan.Zero).AddTicks(1310021);
    }
}
