using System.Diagnostics;
using System.Globalization;

namespace Dex.Bench.Load;

/// <summary>Uploads a whole file in one PATCH with curl, which speaks every HTTP there is.</summary>
/// <param name="file">What is sent.</param>
/// <param name="length">Its bytes.</param>
/// <param name="processor">Where curl runs; null for anywhere.</param>
internal sealed class CurlUpload(string file, long length, int? processor)
{
    private static readonly string[] Common = ["--silent", "--insecure", "--http1.1", "--header", "Tus-Resumable: 1.0.0", "--header", "Expect:"];

    /// <summary>Creates an upload.</summary>
    /// <returns>Its address.</returns>
    public Uri Create(Uri uploads, string metadata) => new(Run(
    [
        .. Common, "--output", "/dev/null", "--write-out", "%header{location}", "--request", "POST",
        "--header", $"Upload-Length: {length}", "--header", $"Upload-Metadata: {metadata}", uploads.AbsoluteUri,
    ]));

    /// <summary>Sends the file.</summary>
    /// <param name="protocol">curl's option for the version.</param>
    /// <param name="version">What curl must say it was.</param>
    /// <returns>From the first byte of the request to the last of the answer.</returns>
    public TimeSpan Send(Uri upload, string protocol, string version)
    {
        var answer = Run(
        [
            .. Common, protocol, "--output", "/dev/null", "--write-out", "%{http_version} %{http_code} %{time_pretransfer} %{time_total}", "--request", "PATCH",
            "--header", "Upload-Offset: 0", "--header", "Content-Type: application/offset+octet-stream", "--upload-file", file, upload.AbsoluteUri,
        ]).Split(' ');
        if (answer is not [var spoken, "204", var start, var end] || spoken != version)
            throw new InvalidDataException($"{protocol} was answered {string.Join(' ', answer)} instead of {version} 204.");
        return TimeSpan.FromSeconds(double.Parse(end, CultureInfo.InvariantCulture) - double.Parse(start, CultureInfo.InvariantCulture));
    }

    private string Run(IEnumerable<string> arguments)
    {
        IEnumerable<string> command = processor is { } number ? ["taskset", "-c", number.ToString(CultureInfo.InvariantCulture), "curl", .. arguments] : ["curl", .. arguments];
        using var curl = Process.Start(new ProcessStartInfo("env", command) { RedirectStandardOutput = true })!;
        var output = curl.StandardOutput.ReadToEnd();
        curl.WaitForExit();
        return curl.ExitCode == 0 ? output : throw new InvalidOperationException($"curl ended with {curl.ExitCode}.");
    }
}
