using System.Diagnostics.CodeAnalysis;

namespace Dex.UploadServer.Messaging.Azure;

/// <summary>Reads what operators copy from the portal, or the plain name of a namespace. Complaints never show a value: it may be a secret.</summary>
internal static class ServiceBusConnectionString
{
    private const string SignaturePrefix = "SharedAccessSignature ";

    /// <param name="problem">What is wrong with it, without the name of its variable.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out ServiceBusAccess? access, [NotNullWhen(false)] out string? problem)
    {
        access = null;
        var isNamespaceOnly = !text.Contains('=', StringComparison.Ordinal) && !text.Contains(';', StringComparison.Ordinal);
        var parts = isNamespaceOnly ? new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase) { ["Endpoint"] = text.Trim() } : Split(text);
        problem = parts is null ? "has a part that is not of the form Name=Value" : FindProblem(parts);
        if (problem is not null)
            return false;

        var signature = parts!.GetValueOrDefault("SharedAccessSignature");
        if (signature is not null && !signature.StartsWith(SignaturePrefix, StringComparison.Ordinal))
            signature = SignaturePrefix + signature;
        if (ReadAddress(parts!["Endpoint"]) is not { } address)
        {
            problem = "needs an Endpoint such as sb://NAME.servicebus.windows.net/; plain http is for this machine only";
            return false;
        }

        access = new ServiceBusAccess
        {
            Address = address,
            KeyName = parts.GetValueOrDefault("SharedAccessKeyName"),
            Key = parts.GetValueOrDefault("SharedAccessKey"),
            Signature = signature,
            EntityPath = parts.GetValueOrDefault("EntityPath"),
        };
        return true;
    }

    private static Dictionary<string, string>? Split(string text)
    {
        var parts = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var part in text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var at = part.IndexOf('=', StringComparison.Ordinal); // the first one: keys end with them
            if (at <= 0)
                return null;
            if (part[(at + 1)..].Trim() is { Length: > 0 } value)
                parts[part[..at].TrimEnd()] = value;
        }

        return parts;
    }

    private static string? FindProblem(Dictionary<string, string> parts)
    {
        if (string.Equals(parts.GetValueOrDefault("UseDevelopmentEmulator"), "true", StringComparison.OrdinalIgnoreCase))
            return "names the local emulator (UseDevelopmentEmulator), which speaks AMQP only; this server needs the REST interface of the service";
        if (!parts.ContainsKey("Endpoint"))
            return "has no Endpoint";
        var (hasName, hasKey, hasSignature) = (parts.ContainsKey("SharedAccessKeyName"), parts.ContainsKey("SharedAccessKey"), parts.ContainsKey("SharedAccessSignature"));
        if (hasName != hasKey)
            return "needs SharedAccessKeyName and SharedAccessKey, both or none";
        return hasKey && hasSignature ? "has SharedAccessKey and SharedAccessSignature; one is enough" : null;
    }

    private static Uri? ReadAddress(string endpoint)
    {
        if (!endpoint.Contains("://", StringComparison.Ordinal))
        {
            if (!endpoint.Contains('.', StringComparison.Ordinal))
                return null;
            endpoint = "sb://" + endpoint;
        }

        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out var uri) || uri.Host.Length == 0
            || uri.UserInfo.Length > 0 || uri.Query.Length > 0 || uri.Fragment.Length > 0 || uri.AbsolutePath is not ("/" or ""))
        {
            return null;
        }

        return uri.Scheme switch
        {
            "sb" or "amqps" => new UriBuilder(Uri.UriSchemeHttps, uri.Host, uri.Port is -1 or 5671 or 5672 or 9354 ? -1 : uri.Port).Uri, // not to the ports of AMQP
            "https" => uri,
            "http" when uri.IsLoopback => uri,
            _ => null,
        };
    }
}
