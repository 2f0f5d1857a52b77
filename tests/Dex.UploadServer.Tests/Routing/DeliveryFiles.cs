using Dex.UploadServer.Delivery.Configuration;
using Dex.UploadServer.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Tests.Routing;

/// <summary>Loads delivery files from text and keeps what was logged.</summary>
internal sealed class DeliveryFiles : ILogger<DeliveryConfigurationLoader>
{
    public const string Sample = """
        version: 1.0
        targets:
          edav:
            name: edav
            type: file
            path: ./uploads/edav
        routing_groups:
          - data_stream_id: dextesting
            data_stream_route: testevent1
            delivery_targets:
              - name: edav
                path_template: '{{.Year}}/{{.Month}}/{{.Day}}/{{.Filename}}_{{.UploadId}}'
        """;

    public List<string> Lines { get; } = [];

    public DeliveryConfigurationLoader Loader(string? file = null, params (string Name, string Value)[] variables) => new(
        Options.Create(new DeliveryConfigurationOptions { File = file }),
        new EnvironmentReader(variables.ToDictionary(variable => variable.Name, variable => variable.Value)),
        this);

    public DeliveryConfiguration Parse(string yaml, params (string Name, string Value)[] variables) => Loader(null, variables).Parse(yaml, "delivery.yml");

    /// <summary>The problems of a file that must not start the server.</summary>
    public IReadOnlyList<string> Problems(string yaml, params (string Name, string Value)[] variables) =>
        Assert.Throws<DeliveryConfigurationException>(() => Parse(yaml, variables)).Problems;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Lines.Add($"{logLevel} {formatter(state, exception)}");
}
