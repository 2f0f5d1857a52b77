using System.Globalization;
using System.Xml;
using System.Xml.Linq;

namespace Dex.UploadServer.Messaging.Azure;

/// <summary>What the service says of a queue, topic or subscription to those with the Manage right.</summary>
/// <param name="Status"><c>Active</c> when all is well.</param>
/// <param name="MaxDeliveryCount">After how many deliveries a message is dead-lettered; null for topics.</param>
/// <param name="ActiveMessages">Messages that wait.</param>
internal sealed record EntityDescription(string Status, int? MaxDeliveryCount, long ActiveMessages)
{
    public bool IsActive => Status == "Active";

    /// <returns>Null if it is the description of nothing: the service answers so for what is not there.</returns>
    /// <exception cref="XmlException">No XML.</exception>
    public static EntityDescription? Read(Stream atom)
    {
        using var reader = XmlReader.Create(atom, new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit });
        var root = XElement.Load(reader);
        return root.Name.LocalName == "entry" && Text(root, "Status") is { } status
            ? new EntityDescription(status, (int?)Number(root, "MaxDeliveryCount"), Number(root, "ActiveMessageCount") ?? Number(root, "MessageCount") ?? 0)
            : null;
    }

    private static string? Text(XElement root, string name) => root.Descendants().FirstOrDefault(element => element.Name.LocalName == name)?.Value;

    private static long? Number(XElement root, string name) =>
        long.TryParse(Text(root, name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
