using System.Text.RegularExpressions;
using Dex.UploadServer.Delivery.Configuration;
using Dex.UploadServer.Hosting;

namespace Dex.UploadServer.Storage.Azure;

/// <summary>Objects at start to delivery targets of type <c>az-blob</c> that can never work (spec: config.md 6.3).</summary>
internal sealed partial class AzureTargetValidation(IServiceProvider services) : IStartupValidation
{
    public IEnumerable<string> FindProblems() =>
        services.GetRequiredService<DeliveryConfiguration>().Targets.OfType<AzureBlobTarget>().SelectMany(FindProblems).ToList();

    private static List<string> FindProblems(AzureBlobTarget target)
    {
        List<string> problems = [];
        if (!ContainerName().IsMatch(target.ContainerName))
            problems.Add($"target {target.Name}: container_name must be the name of a container: letters, digits and hyphens.");
        AzureSettings.Of(target).Resolve(AzureSettingNames.OfTarget(target.Name), problems);
        return problems;
    }

    // A little more than Azure takes: emulators do, and samples have such names. What it must not be is a path or a query.
    [GeneratedRegex(@"\A\$?[A-Za-z0-9][A-Za-z0-9_-]{0,62}\z")]
    private static partial Regex ContainerName();
}
