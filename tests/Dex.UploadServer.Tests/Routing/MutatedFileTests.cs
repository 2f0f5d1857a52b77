using System.Text;
using Dex.UploadServer.Delivery.Configuration;
using Dex.UploadServer.Manifests;
using Dex.UploadServer.Tests.Manifests;

namespace Dex.UploadServer.Tests.Routing;

/// <summary>Operators' files with random damage, the same on every run.</summary>
public sealed class MutatedFileTests
{
    private const int Rounds = 1_000;
    private const string Spice = "\n\t -:{}[]&*!|>'\"%@`#,?\\$<\0\uFEFF\u0085\u2028é𝒳~0aA<<";

    [Fact]
    public void A_damaged_delivery_file_loads_or_is_complained_of() => Mutate(DeliveryFiles.Sample, text =>
    {
        try
        {
            new DeliveryFiles().Parse(text);
        }
        catch (DeliveryConfigurationException refused)
        {
            Assert.NotEmpty(refused.Problems);
        }
    });

    [Fact]
    public void A_damaged_manifest_config_parses_or_is_refused() => Mutate(File.ReadAllText(RepositoryFile.Find("upload-configs/dextesting_testevent1.json")), text =>
    {
        try
        {
            ManifestConfig.Parse(text);
        }
        catch (FormatException)
        {
        }
    });

    [Fact]
    public void A_damaged_template_parses_or_is_refused() => Mutate("a/{{- .Year -}}/{{.Month}}/x_{{ .Filename }}", text =>
    {
        try
        {
            PathTemplate.Parse(text).Render(new PathValues("id", "name.ext", "s", "r", "2025-01-02T03:04:05Z"));
        }
        catch (FormatException)
        {
        }
    });

    private static void Mutate(string text, Action<string> check)
    {
        var random = new Random(20250605);
        for (var round = 0; round < Rounds; round++)
        {
            var damaged = new StringBuilder(text);
            for (var change = random.Next(1, 5); change > 0 && damaged.Length > 0; change--)
            {
                var at = random.Next(damaged.Length);
                switch (random.Next(4))
                {
                    case 0:
                        damaged.Remove(at, Math.Min(random.Next(1, 20), damaged.Length - at));
                        break;
                    case 1:
                        damaged.Insert(at, Spice[random.Next(Spice.Length)]);
                        break;
                    case 2:
                        damaged[at] = Spice[random.Next(Spice.Length)];
                        break;
                    default:
                        damaged.Insert(at, damaged.ToString(at, Math.Min(random.Next(1, 40), damaged.Length - at)));
                        break;
                }
            }

            check(damaged.ToString());
        }
    }
}
