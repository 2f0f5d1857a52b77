using System.Globalization;

namespace Dex.Testing;

/// <summary>What the kernel knows of a process.</summary>
internal static class ProcessStatus
{
    /// <summary>Resident memory in bytes.</summary>
    public static long ResidentBytes(int processId) => Bytes(processId, "VmRSS:");

    /// <summary>The most resident memory there ever was, in bytes.</summary>
    public static long PeakBytes(int processId) => Bytes(processId, "VmHWM:");

    /// <summary>Bytes that have come to a port and that nobody has read yet, on all its connections.</summary>
    public static long UnreadBytes(int port)
    {
        var local = $":{port:X4}";
        return File.ReadLines("/proc/net/tcp").Concat(File.ReadLines("/proc/net/tcp6"))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields[1].EndsWith(local, StringComparison.Ordinal))
            .Sum(fields => long.Parse(fields[4].Split(':')[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
    }

    private static long Bytes(int processId, string name)
    {
        var line = File.ReadLines($"/proc/{processId}/status").First(line => line.StartsWith(name, StringComparison.Ordinal));
        return long.Parse(line[name.Length..^"kB".Length], NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture) * 1024;
    }

    /// <summary>Open descriptors: files, sockets, pipes.</summary>
    public static int OpenDescriptors(int processId) => Directory.EnumerateFileSystemEntries($"/proc/{processId}/fd").Count();
}
