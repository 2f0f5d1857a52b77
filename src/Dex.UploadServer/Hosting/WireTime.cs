using System.Globalization;

namespace Dex.UploadServer.Hosting;

/// <summary>Timestamps as the wire has them: RFC 3339, fraction without trailing zeros, <c>Z</c> for UTC (spec: http-api.md 1).</summary>
internal static class WireTime
{
    public static string Format(DateTimeOffset time) => time.Offset == TimeSpan.Zero
        ? time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture)
        : time.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFFzzz", CultureInfo.InvariantCulture);
}
