using System.Text;
using Dex.UploadServer.Hosting;
using Microsoft.Extensions.Options;

namespace Dex.UploadServer.Delivery.Configuration;

/// <summary>Loads the delivery file at start (spec: delivery.md 1, config.md 5).</summary>
internal sealed partial class DeliveryConfigurationLoader(
    IOptions<DeliveryConfigurationOptions> options, EnvironmentReader environment, ILogger<DeliveryConfigurationLoader> logger)
{
    private const int MostBytes = 1024 * 1024;

    /// <summary>As <see cref="Load"/>, for whoever needs it first; a refusal is in the words operators match.</summary>
    /// <exception cref="StartupFailureException">The file is missing or wrong.</exception>
    public DeliveryConfiguration LoadAtStart()
    {
        try
        {
            return Load();
        }
        catch (DeliveryConfigurationException refused)
        {
            throw new StartupFailureException("error starting app, error initialize dex handler", refused.Message);
        }
    }

    /// <exception cref="DeliveryConfigurationException">The file is missing or wrong; with every problem at once.</exception>
    public DeliveryConfiguration Load()
    {
        if (options.Value.FindFile() is not { } path)
        {
            LogNone(string.Join(", ", options.Value.UsualFiles));
            return DeliveryConfiguration.Empty;
        }

        return Parse(ReadFile(path), path);
    }

    /// <param name="text">YAML, variables not yet expanded.</param>
    /// <param name="path">For complaints.</param>
    /// <exception cref="DeliveryConfigurationException">With every problem at once.</exception>
    public DeliveryConfiguration Parse(string text, string path)
    {
        var (problems, warnings) = (new List<string>(), new List<string>());
        DeliveryConfiguration configuration;
        try
        {
            var root = YamlTreeReader.Read(EnvironmentExpansion.Expand(text, environment.Substitution));
            var file = new DeliveryFileReader(problems).Read(root);
            configuration = new DeliveryConfigurationBuilder(problems, warnings).Build(file);
        }
        catch (FormatException error)
        {
            throw new DeliveryConfigurationException($"{path}: {error.Message}", error);
        }

        if (problems.Count > 0)
            throw new DeliveryConfigurationException([.. problems.Distinct()]);
        foreach (var warning in warnings)
            LogWarning(warning, path);
        return configuration;
    }

    private static string ReadFile(string path)
    {
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > MostBytes })
                throw new DeliveryConfigurationException($"{path}: larger than {MostBytes} bytes");
            return File.ReadAllText(path, Encoding.UTF8);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DeliveryConfigurationException($"open {path}: no such file or directory", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DeliveryConfigurationException($"open {path}: it cannot be read", error);
        }
    }

    [LoggerMessage(LogLevel.Warning, "no delivery configuration found, nothing will be delivered {files}")]
    private partial void LogNone(string files);

    [LoggerMessage(LogLevel.Warning, "delivery configuration {warning}{file}")]
    private partial void LogWarning(string warning, string file);
}
